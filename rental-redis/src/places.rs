//! Where things stand in listings.
//!
//! A sorted set sorts by score, and by text where scores are equal. All numbers stand in one set, and all invoices in
//! another: a score begins with the code of the state, so a state is a stretch of the set and a change of state is one
//! move. Scores are doubles, which are exact up to 2⁵³.

use rental_core::{Invoice, NumberRecord, NumberState, TxHash};

/// By how much two states of numbers lie apart; more than all digits of a number.
pub(crate) const NUMBERS: u64 = 1_000_000_000_000;
/// By how much two statuses of invoices lie apart; more than all times in their ids.
pub(crate) const INVOICES: u64 = 1_000_000_000_000_000;
/// Up to here every integer is a double of its own.
const EXACT: u64 = 1 << 53;

/// The code of a state. It is stored, so it never changes.
fn code_of_state(state: NumberState) -> u64 {
    match state {
        NumberState::Available => 1,
        NumberState::Reserved => 2,
        NumberState::Rented => 3,
        NumberState::Grace => 4,
        NumberState::Turnover => 5,
        NumberState::Withdrawn => 6,
        NumberState::Restricted => 7,
        NumberState::PendingDeletion => 8,
        NumberState::Lost => 9,
    }
}

/// The code of an invoice's status. It is stored, so it never changes.
fn code_of_status(status: &str) -> Option<u64> {
    match status {
        "open" => Some(1),
        "settled" => Some(2),
        "expired" => Some(3),
        "cancelled" => Some(4),
        _ => None,
    }
}

fn stretch(code: u64, length: u64) -> (u64, u64) {
    (code * length, (code + 1) * length - 1)
}

/// Where a number stands among all numbers.
pub(crate) fn of_number(record: &NumberRecord) -> u64 {
    code_of_state(record.state()) * NUMBERS + record.number.as_u64()
}

/// Where the numbers in this state stand: the first place and the last.
pub(crate) fn of_state(state: NumberState) -> (u64, u64) {
    stretch(code_of_state(state), NUMBERS)
}

/// Where an invoice stands among all invoices. What follows the code is where it stands among those of its owner.
pub(crate) fn of_invoice(invoice: &Invoice) -> u64 {
    let code = code_of_status(invoice.status.name()).expect("every status has a code");
    code * INVOICES + invoice.id.timestamp_ms()
}

/// Where the invoices with this status stand: the first place and the last. `None` for what is no status.
pub(crate) fn of_status(status: &str) -> Option<(u64, u64)> {
    code_of_status(status).map(|code| stretch(code, INVOICES))
}

/// Where payments stand is their logical time; this is the text under which they stand there. It is no longer than what
/// short sorted sets keep in one piece, but for times that only a test knows: those share a score with others, so the
/// time comes first.
pub(crate) fn name_of_payment(lt: u64, tx: TxHash) -> String {
    if lt <= EXACT { tx.to_string() } else { format!("{lt:020}:{tx}") }
}

#[cfg(test)]
mod tests {
    use rental_core::InvoiceStatus;

    use super::*;

    #[test]
    fn every_state_has_a_stretch_of_its_own_and_exact_places() {
        let states = NumberState::ALL.map(|state| Some(of_state(state)));
        let statuses = InvoiceStatus::NAMES.map(of_status);
        for stretches in [&states[..], &statuses[..]] {
            let mut ends: Vec<_> = stretches.iter().map(|stretch| stretch.expect("a stretch")).collect();
            ends.sort_unstable();
            assert!(ends.windows(2).all(|pair| pair[0].1 < pair[1].0), "{ends:?}");
            assert!(ends.iter().all(|(first, last)| first < last && *last <= EXACT), "{ends:?}");
        }
    }
}
