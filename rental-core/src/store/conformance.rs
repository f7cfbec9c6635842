//! The suite that every store passes.
//!
//! Each case is a plain async function over a [`Harness`], named for the behaviour it checks; together they cover
//! every sentence of the contracts of [`Store`], [`Leases`], [`RateLimiter`] and [`Notes`]. A backend runs all of them with
//! [`store_conformance!`](crate::store_conformance), which holds the only list of their names: a new case reaches
//! every backend at once, and a function that is not on the list is dead code. [`same_answers`] runs one random
//! script on two stores and compares every answer.
//! [`archive_conformance!`](crate::archive_conformance) runs the cases about [`Archive`](crate::Archive), and
//! [`same_after_copy`] compares how a shop and its copy in another store go on.

mod archive;
mod commits;
mod deadlines;
mod differential;
mod isolation;
mod leases;
mod listings;
mod loads;
mod notes;
mod outbox;
mod rates;
mod sample;
mod snapshot;
mod values;

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

pub use archive::{ArchiveHarness, NewStore, cases as archive_cases};
pub use differential::{same_after_copy, same_answers};

use super::{Changes, Commit, Load, State, Store};
use crate::{Leases, ManualClock, Notes, RateLimiter, Seconds, Timestamp};

/// A freshly made, empty store on a clock that the case turns.
pub struct Harness {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its leases.
    pub leases: Arc<dyn Leases>,
    /// Its rate limiter.
    pub limiter: Arc<dyn RateLimiter>,
    /// Its notes.
    pub notes: Arc<dyn Notes>,
    /// The clock that all four run on.
    pub clock: ManualClock,
    turn: Option<Turn>,
    reopen: Option<Reopen>,
    kept: Vec<Box<dyn Any + Send>>,
}

type Turn = Arc<dyn Fn(Timestamp) + Send + Sync>;
type Reopen = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Harness> + Send>> + Send + Sync>;

impl Harness {
    /// A harness around an empty `store` that runs on `clock`.
    pub fn new<S: Store + Leases + RateLimiter + Notes + 'static>(store: S, clock: ManualClock) -> Self {
        let store = Arc::new(store);
        Self {
            store: store.clone(),
            leases: store.clone(),
            limiter: store.clone(),
            notes: store,
            clock,
            turn: None,
            reopen: None,
            kept: Vec::new(),
        }
    }

    /// Tells how the store's clock is set, for a store that has one of its own and does not run on `clock`. It is
    /// called with the new moment whenever a case turns the clock, and once at once.
    #[must_use]
    pub fn turned_by(mut self, turn: impl Fn(Timestamp) + Send + Sync + 'static) -> Self {
        turn(self.now());
        self.turn = Some(Arc::new(turn));
        self
    }

    /// Tells how the same shop is opened once more, on the same clock, as another process or the next start of
    /// this one would. Without it, the cases about several processes and restarts use the one store.
    #[must_use]
    pub fn reopened_by<F>(mut self, open: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Self> + Send + 'static,
    {
        self.reopen = Some(Arc::new(move || Box::pin(open())));
        self
    }

    /// Keeps `thing`, such as a temporary folder, for as long as the harness lives, restarts included.
    #[must_use]
    pub fn keeping(mut self, thing: impl Any + Send) -> Self {
        self.kept.push(Box::new(thing));
        self
    }

    /// The same shop as another process sees it.
    async fn another(&self) -> Self {
        match &self.reopen {
            Some(open) => open().await,
            None => Self {
                store: self.store.clone(),
                leases: self.leases.clone(),
                limiter: self.limiter.clone(),
                notes: self.notes.clone(),
                clock: self.clock.clone(),
                turn: self.turn.clone(),
                reopen: None,
                kept: Vec::new(),
            },
        }
    }

    /// Closes the store and opens it again.
    async fn restarted(self) -> Self {
        let Some(open) = self.reopen else { return self };
        drop((self.store, self.leases, self.limiter, self.notes));
        let mut opened = open().await;
        opened.reopen = Some(open);
        opened.kept.extend(self.kept);
        opened
    }

    fn now(&self) -> Timestamp {
        crate::Clock::now(&self.clock)
    }

    fn pass(&self, seconds: u64) {
        self.set_clock(self.now() + Seconds(seconds));
    }

    fn set_clock(&self, now: Timestamp) {
        self.clock.set(now);
        if let Some(turn) = &self.turn {
            turn(now);
        }
    }

    async fn load(&self, load: Load) -> State {
        self.store.load(&load).await.expect("the store loads")
    }

    async fn commit(&self, changes: &Changes) -> Commit {
        self.store.commit(changes).await.expect("the store commits")
    }

    /// Commits what nothing stands against.
    async fn write(&self, changes: Changes) {
        assert_eq!(self.commit(&changes).await, Commit::Committed, "{changes:?}");
    }
}

impl fmt::Debug for Harness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Harness").field("store", &self.store).finish_non_exhaustive()
    }
}

/// Runs the suite: one `#[tokio::test]` per case, each with a new harness from the named async function.
///
/// The calling crate needs `tokio` (with `macros` and `rt-multi-thread`) as a dev-dependency.
///
/// ```
/// use std::sync::Arc;
/// use rental_core::conformance::Harness;
/// use rental_core::{ManualClock, MemoryStore, Timestamp};
///
/// async fn empty_store() -> Harness {
///     let clock = ManualClock::at(Timestamp::from_unix(1_767_225_600));
///     Harness::new(MemoryStore::new(Arc::new(clock.clone())), clock)
/// }
///
/// rental_core::store_conformance!(empty_store);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! store_conformance {
    ($harness:path) => {
        $crate::store_conformance! { @list tests $harness }
    };
    (@tests $harness:path, $($module:ident { $($case:ident,)* })*) => {
        $($(
            #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::conformance::cases::$case($harness().await).await;
            }
        )*)*
    };
    (@functions $($module:ident { $($case:ident,)* })*) => {
        $($(
            #[doc = concat!("Checks `", stringify!($case), "` on a new, empty store.")]
            pub async fn $case(harness: super::Harness) {
                super::$module::$case(harness).await;
            }
        )*)*
    };
    (@list $wanted:ident $($harness:path)?) => {
        $crate::store_conformance! { @$wanted $($harness,)?
            loads {
                an_empty_store_answers_with_nothing,
                now_is_the_clock_of_the_store,
                shop_and_chain_come_with_every_load_and_access_when_asked,
                a_number_brings_its_open_invoice_and_the_account,
                a_payment_brings_invoice_number_and_account,
                an_invoice_is_found_by_id_and_by_payload,
                an_old_invoice_brings_the_open_one_of_its_number,
                a_rental_brings_its_renewal_and_its_holder,
                a_waiting_payment_comes_with_its_invoice,
                what_is_asked_for_comes_before_what_is_referred_to,
                accounts_come_once_and_only_those_that_exist,
            }
            commits {
                a_commit_writes_all_its_parts,
                a_commit_leaves_alone_what_it_does_not_name,
                the_same_commit_sent_again_is_applied_once,
                an_empty_commit_claims_its_id,
                the_id_of_a_commit_is_kept_for_a_day,
                a_refused_commit_can_be_sent_again,
                a_new_document_is_not_written_over_an_existing_one,
                a_document_is_written_only_over_the_version_before,
                a_conflict_in_the_last_document_writes_nothing,
                a_conflict_in_any_one_document_writes_nothing,
                a_taken_last_once_key_writes_nothing,
                a_conflict_carries_what_is_stored_now,
                a_transaction_is_booked_once,
                once_keys_are_compared_in_order_and_before_versions,
                an_expired_once_key_is_free_again,
                once_keys_of_different_kinds_and_owners_do_not_meet,
                the_chain_moves_only_from_where_it_stands,
                every_currency_has_a_chain_of_its_own,
                a_wrong_chain_position_writes_nothing,
            }
            isolation {
                of_many_commits_on_one_version_one_is_committed,
                of_many_bookings_of_one_transaction_one_is_committed,
                one_commit_sent_many_times_at_once_is_applied_once,
                many_commits_on_different_things_are_all_committed,
                a_load_never_sees_half_a_commit,
                what_one_process_writes_the_others_see,
                a_restart_loses_nothing,
            }
            leases {
                one_lease_per_name_until_its_end,
                names_of_leases_do_not_meet,
                only_the_owner_renews_and_releases,
                a_renewal_counts_from_now,
                whoever_slept_past_the_end_has_lost_the_lease,
                a_lease_lasts_at_least_a_second,
                a_foreign_lock_stops_commits_on_its_number,
                a_lock_does_not_stop_what_leaves_its_number_alone,
                an_ended_lock_stops_nothing,
                a_lock_is_compared_after_once_keys_and_before_versions,
                of_many_at_once_one_gets_the_lease,
            }
            rates {
                a_window_allows_its_limit_and_then_refuses,
                refused_requests_neither_prolong_nor_precharge,
                a_window_begins_with_its_first_request,
                subjects_are_counted_apart,
                of_many_requests_at_once_exactly_the_limit_is_allowed,
                a_pace_allows_a_burst_and_then_refuses,
                after_a_burst_one_request_comes_back_at_a_time,
                a_pace_is_kept_to_fractions_of_a_second,
                a_burst_is_the_limit_even_when_it_does_not_divide_the_window,
                refused_requests_do_not_slow_a_pace,
                subjects_are_paced_apart,
                windows_and_paces_of_one_subject_do_not_meet,
                forgetting_frees_nobody_before_the_time,
                of_many_paced_requests_at_once_exactly_the_limit_is_allowed,
            }
            deadlines {
                a_number_is_due_when_its_deadline_has_come,
                due_numbers_come_by_deadline_and_number_in_pages,
                a_changed_deadline_moves_and_a_removed_one_goes,
                a_refused_commit_moves_no_deadline,
            }
            listings {
                numbers_are_listed_by_number,
                numbers_are_filtered_by_stored_state,
                a_number_leaves_its_former_state_and_owner,
                owners_see_only_their_own_numbers_invoices_and_payments,
                what_belongs_to_nobody_is_listed_for_anybody_only,
                invoices_are_listed_newest_first_and_filtered,
                payments_are_listed_by_logical_time_and_filtered,
                payments_of_one_logical_time_are_listed_by_hash,
                accounts_are_listed_by_the_text_of_their_ids,
                history_is_kept_per_number_oldest_first,
                the_audit_trail_is_listed_newest_first,
                pages_are_full_and_the_last_one_says_so,
                a_page_has_at_most_a_thousand_entries,
                new_entries_shift_no_page,
                a_cursor_that_no_page_gave_out_leads_to_the_end,
                totals_count_everything_exactly,
            }
            notes {
                a_note_says_what_was_written_last,
                notes_are_read_together_in_the_order_asked_for,
                a_note_is_written_only_over_what_was_expected,
                of_many_who_expect_nothing_one_writes,
                of_many_who_expect_one_version_one_writes,
                versions_are_not_used_again,
                a_note_is_over_at_its_end,
                every_writing_sets_the_end_anew,
                a_note_is_kept_at_least_a_second,
                a_removed_note_is_gone,
                lasting_notes_are_listed_by_prefix,
                lists_of_notes_are_paged,
                names_and_texts_of_notes_are_read_back_exactly,
                what_one_process_notes_the_others_read,
                notes_outlast_a_restart,
                forgetting_drops_notes_that_are_over,
            }
            outbox {
                the_feed_grows_in_the_order_of_commits,
                the_feed_shows_owners_only_what_concerns_them,
                events_are_claimed_oldest_first_and_once,
                what_is_done_is_not_given_again,
                a_retry_comes_back_when_it_is_due,
                a_claim_that_ran_out_is_given_to_the_next,
                a_dead_letter_is_kept_with_its_reason,
                groups_are_independent,
                consumers_of_a_group_share_its_events,
                of_many_claims_at_once_no_two_share_an_event,
                forgetting_drops_old_events_that_every_group_is_done_with,
                forgetting_drops_no_event_that_a_group_still_needs,
                without_a_group_old_events_are_forgotten,
                forgetting_keeps_what_still_counts,
            }
            values {
                odd_texts_are_read_back_exactly,
                every_kind_of_comment_and_outcome_is_read_back,
                the_largest_and_smallest_figures_are_read_back,
                a_rental_with_all_its_parts_is_read_back,
                names_of_groups_and_consumers_are_any_text,
            }
        }
    };
}

/// The cases one by one, for [`store_conformance!`](crate::store_conformance).
pub mod cases {
    crate::store_conformance! { @list functions }
}
