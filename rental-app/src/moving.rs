//! Moving a whole shop from one store to another.

use rental_core::{
    Archive, ArchiveError, Entropy, FillingId, Load, OsEntropy, PageRequest, Record, Seconds, Section,
    StoreError, Tally, Totals, Ulid,
};

/// How far two stores' clocks may be apart: a once-key that ends within this time may be gone on one side.
const SKEW: Seconds = Seconds(60);

/// How far a copy has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// The section that is being read.
    pub section: Section,
    /// How many of its records have been dealt with.
    pub records: u64,
    /// Whether those were all.
    pub complete: bool,
}

/// What is being done in a copy, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Records are read out of the source and filled into the target.
    Copying,
    /// The target is read back.
    CheckingTarget,
    /// The source is read once more, to see that it is still what was copied.
    CheckingSource,
}

/// What was copied.
#[derive(Debug, Clone)]
pub struct CopyReport {
    /// How many records each section has.
    pub sections: Vec<(Section, u64)>,
    /// The figures of the shop, the same on both sides.
    pub totals: Totals,
}

/// Why a shop was not copied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CopyError {
    /// The source holds no shop. Nothing was changed.
    #[error("there is no shop to copy; check where it is")]
    NoShop,
    /// The source could not be read.
    #[error("the source: {0}")]
    Source(StoreError),
    /// The target could not be filled.
    #[error("the target: {0}")]
    Target(ArchiveError),
    /// The source is not what was copied any more: these sections differ. The target stays unfinished.
    #[error("the source changed while it was copied ({}); stop all programs and run the copy again", .0.join(", "))]
    SourceChanged(Vec<&'static str>),
    /// The figures that the source keeps are not those of its records. The target stays unfinished.
    #[error("the source's figures are not those of what it holds; see `admin-cli doctor`")]
    SourceDiffers,
    /// The target does not hold what was copied: these sections, or its `totals`, differ. It stays unfinished.
    #[error("the target does not hold what was copied ({}); run the copy again", .0.join(", "))]
    TargetDiffers(Vec<&'static str>),
}

impl CopyError {
    /// The stable code, such as `copy.source_changed`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoShop => "copy.no_shop",
            Self::Source(error) => ArchiveError::Store(error.clone()).code(),
            Self::Target(error) => error.code(),
            Self::SourceChanged(_) => "copy.source_changed",
            Self::SourceDiffers => "copy.source_differs",
            Self::TargetDiffers(_) => "copy.target_differs",
        }
    }
}

/// Copies the shop in `from` into the empty store `to`, and makes `to` a shop once it is certain that both hold the
/// same.
///
/// No program may run on either store. That nobody changed the source meanwhile is checked at the end, by reading it
/// once more; that the target took everything, by reading it back: record by record, and by the figures that each
/// store keeps of itself. Leases, rate limits and the once-keys of commits do not move.
///
/// A copy that was interrupted is begun again with the same call, and begins with nothing. The source is only read.
///
/// # Errors
/// [`CopyError`]. Unless it says otherwise, `to` is no shop then, and can be copied into again.
pub async fn copy_shop(
    from: &dyn Archive,
    to: &dyn Archive,
    mut progress: impl FnMut(Progress),
) -> Result<CopyReport, CopyError> {
    let state = from.load(&Load::default()).await.map_err(CopyError::Source)?;
    if state.shop.is_none() {
        return Err(CopyError::NoShop);
    }
    let id = FillingId(Ulid::from_parts(state.now.unix() * 1000, randomness()));
    to.begin_filling(id).await.map_err(CopyError::Target)?;

    let mut copied = Tally::default();
    for section in Section::ALL {
        let mut pages = Pages::of(from, Stage::Copying, section);
        while let Some(records) = pages.next(&mut progress).await.map_err(CopyError::Source)? {
            for records in records.chunks(PageRequest::MOST) {
                to.fill(id, records).await.map_err(CopyError::Target)?;
            }
            copied.extend(&records);
        }
    }

    let target = |error: StoreError| CopyError::Target(error.into());
    let stored = tally(to, Stage::CheckingTarget, &mut progress).await.map_err(target)?;
    let target_totals = to.totals().await.map_err(target)?.sorted();
    let source = tally(from, Stage::CheckingSource, &mut progress).await.map_err(CopyError::Source)?;
    let source_totals = from.totals().await.map_err(CopyError::Source)?.sorted();
    let state = from.load(&Load::default()).await.map_err(CopyError::Source)?;

    let passed = state.now + SKEW;
    let changed = differences(&copied, &source, passed);
    if !changed.is_empty() {
        return Err(CopyError::SourceChanged(changed));
    }
    let totals = copied.totals();
    if source_totals != totals {
        return Err(CopyError::SourceDiffers);
    }
    let mut differing = differences(&copied, &stored, passed);
    differing.extend((target_totals != totals).then_some("totals"));
    if !differing.is_empty() {
        return Err(CopyError::TargetDiffers(differing));
    }
    to.finish_filling(id).await.map_err(CopyError::Target)?;
    let sections = Section::ALL.map(|section| (section, copied.count(section)));
    Ok(CopyReport { sections: sections.into(), totals })
}

fn randomness() -> u128 {
    let entropy = OsEntropy.draw();
    entropy.iter().take(16).fold(0, |bits, byte| bits << 8 | u128::from(*byte))
}

fn differences(one: &Tally, other: &Tally, passed: rental_core::Timestamp) -> Vec<&'static str> {
    one.differences(other, passed).into_iter().map(Section::name).collect()
}

async fn tally(
    archive: &dyn Archive,
    stage: Stage,
    progress: &mut impl FnMut(Progress),
) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    for section in Section::ALL {
        let mut pages = Pages::of(archive, stage, section);
        while let Some(records) = pages.next(progress).await? {
            tally.extend(&records);
        }
    }
    Ok(tally)
}

/// The pages of a section, one after the other.
struct Pages<'a> {
    archive: &'a dyn Archive,
    progress: Progress,
    request: PageRequest,
}

impl<'a> Pages<'a> {
    fn of(archive: &'a dyn Archive, stage: Stage, section: Section) -> Self {
        let progress = Progress { stage, section, records: 0, complete: false };
        Self { archive, progress, request: PageRequest::first(PageRequest::MOST) }
    }

    /// The next page, and `None` after the last.
    async fn next(&mut self, progress: &mut impl FnMut(Progress)) -> Result<Option<Vec<Record>>, StoreError> {
        if self.progress.complete {
            return Ok(None);
        }
        let page = self.archive.read_out(self.progress.section, &self.request).await?;
        self.progress.records += page.items.len() as u64;
        self.progress.complete = page.next.is_none();
        self.request.after = page.next;
        progress(self.progress);
        Ok(Some(page.items))
    }
}
