//! Pages of long answers.

use clap::Args;
use rental_core::{Page, PageRequest, ServiceError};

use crate::failure::{Exit, Failure};

/// Which part of a list.
#[derive(Debug, Clone, Args)]
pub(crate) struct Paging {
    /// How many entries
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), allow_hyphen_values = true)]
    limit: u32,

    /// Go on where the page before ended
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,

    /// The whole list
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

impl Paging {
    /// The whole list.
    pub(crate) const ALL: Self = Self { limit: 1, cursor: None, all: true };

    /// Asks for page after page until the list is as long as wanted.
    pub(crate) async fn gather<T, E>(
        &self,
        page: impl AsyncFn(PageRequest) -> Result<Page<T>, E>,
    ) -> Result<Page<T>, E> {
        let most = if self.all { usize::MAX } else { self.limit as usize };
        let mut items = Vec::new();
        let mut after = self.cursor.clone();
        loop {
            let limit = (most - items.len()).min(PageRequest::MOST);
            let found = page(PageRequest { after, limit }).await?;
            items.extend(found.items);
            after = found.next;
            if after.is_none() || items.len() >= most {
                return Ok(Page { items, next: after });
            }
        }
    }

    /// `page`, unless a cursor was given that leads nowhere: one that a list hands out has entries behind it.
    ///
    /// # Errors
    /// [`Exit::Usage`] when nothing follows the cursor.
    pub(crate) fn check<T>(&self, page: Page<T>) -> Result<Page<T>, Failure> {
        if self.cursor.is_none() || !page.items.is_empty() {
            return Ok(page);
        }
        let text = "nothing follows this cursor; pass the next_cursor of a page of the same list, or leave \
                    --cursor out to begin at the start";
        Err(Failure::new(Exit::Usage, "cursor.invalid", text))
    }

    /// The same part of a list that comes in one piece, whose entries are named by `name`.
    ///
    /// # Errors
    /// [`Exit::Usage`] when nothing follows the cursor.
    pub(crate) async fn cut<T: Clone>(
        &self,
        items: &[T],
        name: impl Fn(&T) -> String,
    ) -> Result<Page<T>, Failure> {
        let page = async |request: PageRequest| {
            let from = request.after.map_or(0, |after| {
                let found = items.iter().position(|item| name(item) == after);
                found.map_or(items.len(), |index| index + 1)
            });
            let end = items.len().min(from + request.limit);
            let next = (end < items.len()).then(|| name(&items[end - 1]));
            Ok::<_, ServiceError>(Page { items: items[from..end].to_vec(), next })
        };
        self.check(self.gather(page).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        crate::testing::block_on(future)
    }

    fn paging(limit: u32, cursor: Option<&str>) -> Paging {
        Paging { limit, cursor: cursor.map(str::to_owned), all: false }
    }

    fn numbers(paging: &Paging) -> (usize, Option<String>) {
        let items: Vec<u32> = (0..2500).collect();
        let page = block_on(paging.cut(&items, u32::to_string)).expect("a page");
        (page.items.len(), page.next)
    }

    #[test]
    fn a_list_is_as_long_as_asked_for_however_long_a_page_can_be() {
        assert_eq!(numbers(&paging(50, None)), (50, Some("49".to_owned())));
        assert_eq!(numbers(&paging(1500, None)), (1500, Some("1499".to_owned())));
        assert_eq!(numbers(&paging(50, Some("2479"))), (20, None));
        assert_eq!(numbers(&Paging::ALL), (2500, None));
    }

    #[test]
    fn a_cursor_that_leads_nowhere_is_refused_and_an_empty_list_is_not() {
        for (items, cursor) in [(vec![1, 2], "nonsense"), (vec![1, 2], "2"), (vec![], "1")] {
            let failure = block_on(paging(50, Some(cursor)).cut(&items, u32::to_string)).expect_err(cursor);
            assert_eq!((failure.exit, failure.code), (Exit::Usage, "cursor.invalid"));
            assert!(failure.text.contains("leave --cursor out"), "{}", failure.text);
        }
        let page = block_on(paging(50, None).cut(&[], u32::to_string)).expect("an empty page");
        assert_eq!(page.items, Vec::<u32>::new());
    }

    #[test]
    fn short_pages_are_filled_up() {
        let paging = paging(3, None);
        let page = block_on(paging.gather(async |request: PageRequest| {
            let at: u32 = request.after.map_or(0, |after| after.parse().expect("a number"));
            // Every other page is empty, as when all its entries changed state meanwhile.
            let items = if at.is_multiple_of(2) { vec![] } else { vec![at] };
            Ok::<_, ()>(Page { items, next: Some((at + 1).to_string()) })
        }));
        assert_eq!(page.map(|page| page.items), Ok(vec![1, 3, 5]));
    }
}
