//! The suite for stores that can be read out and filled.
//!
//! Like the suite of [`Store`](crate::Store), but every case makes as many empty stores as it needs: what is read out of
//! one is filled into another.

mod copying;
mod filling;
mod sample_shop;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use ulid::Ulid;

use super::super::{
    Archive, ArchiveError, Disposition, FillingId, Load, PageRequest, Record, Section, StoreError,
};
use super::snapshot::all;
use super::{Harness, sample};
use crate::{Seconds, Timestamp, Writing};

/// A freshly made, empty store that a case fills or reads out.
pub struct ArchiveHarness {
    /// The store as a shop.
    pub shop: Harness,
    /// The same store as an archive.
    pub archive: Arc<dyn Archive>,
}

impl ArchiveHarness {
    /// A harness around an empty store: as a shop, and the same as an archive. Where the harness can open the store
    /// once more, the cases look at a finished shop that way.
    pub fn new(shop: Harness, archive: impl Archive + 'static) -> Self {
        Self { shop, archive: Arc::new(archive) }
    }

    async fn begin(&self, n: u64) -> FillingId {
        let id = filling(n);
        self.archive.begin_filling(id).await.expect("the store can be filled");
        id
    }

    async fn fill(&self, id: FillingId, records: &[Record]) {
        for records in records.chunks(PageRequest::MOST) {
            self.archive.fill(id, records).await.expect("the store is filled");
        }
    }

    async fn finish(&self, id: FillingId) {
        self.archive.finish_filling(id).await.expect("the filling is finished");
    }

    /// Everything that the store holds, section by section.
    async fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        for section in Section::ALL {
            records.extend(self.section(section).await);
        }
        records
    }

    async fn section(&self, section: Section) -> Vec<Record> {
        all(async |page| self.archive.read_out(section, &page).await).await
    }

    /// Fills this store with everything from the other one, and turns its clock to the same moment.
    pub(super) async fn copy_from(&self, other: &Self) {
        self.shop.set_clock(other.shop.now());
        let records = other.records().await;
        let id = self.begin(1).await;
        self.fill(id, &records).await;
        self.finish(id).await;
    }

    /// Sees that the store is no shop, and that it can be counted all the same.
    async fn is_no_shop(&self) {
        let (store, unfinished) = (&self.shop.store, StoreError::unfinished());
        assert_eq!(store.load(&Load::default()).await.err(), Some(unfinished.clone()));
        assert_eq!(store.commit(&sample::changes()).await.err(), Some(unfinished.clone()));
        assert_eq!(store.claim("bot", "a", 1, Seconds(60)).await.err(), Some(unfinished.clone()));
        let disposed = store.dispose("bot", "a", 1, &Disposition::Done).await;
        assert_eq!(disposed.err(), Some(unfinished.clone()));
        assert_eq!(store.forget(Timestamp::MAX).await.err(), Some(unfinished.clone()));
        let key = "chat:1".parse().expect("a name of a note");
        let noted = self.shop.notes.put_note(&key, "", Writing::LASTING).await;
        assert_eq!(noted.err(), Some(unfinished.clone()));
        assert_eq!(self.shop.notes.remove_note(&key).await.err(), Some(unfinished.clone()));
        assert!(store.totals().await.is_ok());
        assert!(unfinished.to_string().contains("; run the copy again"), "the text says what to do");
    }
}

impl fmt::Debug for ArchiveHarness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shop.fmt(f)
    }
}

/// The `n`th filling.
fn filling(n: u64) -> FillingId {
    FillingId(Ulid::from_parts(sample::START.unix(), n.into()))
}

/// Makes new, empty stores, on clocks of their own that begin at the same moment.
pub type NewStore<'a> = &'a (dyn Fn() -> Pin<Box<dyn Future<Output = ArchiveHarness> + Send>> + Sync);

/// Runs the suite for archives: one `#[tokio::test]` per case, each with new harnesses from the named async function.
///
/// The calling crate needs `tokio` (with `macros` and `rt-multi-thread`) as a dev-dependency.
///
/// ```
/// use std::sync::Arc;
/// use rental_core::conformance::{ArchiveHarness, Harness};
/// use rental_core::{ManualClock, MemoryStore, Timestamp};
///
/// async fn empty_store() -> ArchiveHarness {
///     let clock = ManualClock::at(Timestamp::from_unix(1_767_225_600));
///     let store = MemoryStore::new(Arc::new(clock.clone()));
///     ArchiveHarness::new(Harness::new(store.clone(), clock), store)
/// }
///
/// rental_core::archive_conformance!(empty_store);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! archive_conformance {
    ($harness:path) => {
        $crate::archive_conformance! { @list tests $harness }
    };
    (@tests $harness:path, $($module:ident { $($case:ident,)* })*) => {
        $($(
            #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::conformance::archive_cases::$case(&|| ::std::boxed::Box::pin($harness())).await;
            }
        )*)*
    };
    (@functions $($module:ident { $($case:ident,)* })*) => {
        $($(
            #[doc = concat!("Checks `", stringify!($case), "` on new, empty stores.")]
            pub async fn $case(new_store: super::NewStore<'_>) {
                super::$module::$case(new_store).await;
            }
        )*)*
    };
    (@list $wanted:ident $($harness:path)?) => {
        $crate::archive_conformance! { @$wanted $($harness,)?
            copying {
                a_copy_is_the_same_shop,
                a_copy_of_a_copy_is_read_out_as_the_first,
                an_empty_store_is_copied_to_an_empty_store,
                documents_go_on_from_their_versions,
                events_go_on_after_the_last_one_even_when_all_are_forgotten,
                deliveries_keep_their_attempts_rests_and_reasons,
                a_claim_that_is_held_is_copied_as_a_rest_until_its_end,
                groups_go_on_where_they_were,
                what_happened_once_stays_so,
                leases_rates_and_expired_keys_do_not_move,
                lasting_notes_move_and_passing_ones_do_not,
                history_and_audit_keep_their_order,
                odd_texts_are_copied_exactly,
                sections_are_read_in_pages_of_any_length,
                a_cursor_that_no_page_gave_out_leads_to_the_end_of_its_section,
                every_record_is_read_back_from_its_json,
            }
            filling {
                a_store_that_holds_anything_is_not_filled,
                what_is_no_part_of_a_shop_does_not_stand_in_the_way,
                a_store_that_is_being_filled_is_no_shop,
                what_was_filled_in_can_be_read_and_counted_before_the_end,
                a_filling_that_is_begun_again_begins_with_nothing,
                a_once_key_may_be_filled_in_again,
                an_earlier_filling_writes_nothing_more,
                only_a_store_that_is_being_filled_takes_records,
                a_filled_store_is_not_filled_again,
                what_is_filled_in_is_there_after_a_restart,
            }
        }
    };
}

/// The cases one by one, for [`archive_conformance!`](crate::archive_conformance).
pub mod cases {
    crate::archive_conformance! { @list functions }
}

/// That the store refused, and why.
fn refused(answer: &Result<(), ArchiveError>, why: &ArchiveError) {
    assert_eq!(answer.as_ref(), Err(why));
}
