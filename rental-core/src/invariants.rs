//! What must be true of the books as a whole, whatever happened.
//!
//! Every commit keeps these by construction. [`find_violations`] checks them over everything that is stored, for
//! operators, after a restored backup, and in every simulation.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::{
    Account, CustomerId, Holding, Invoice, InvoiceId, InvoiceKind, InvoiceStatus, NumberRecord, PhoneNumber,
    TxHash,
};

/// Something that cannot be, but is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "violation", rename_all = "snake_case")]
pub enum Violation {
    /// A number's holder does not list it.
    NotListedByHolder {
        /// The number.
        number: PhoneNumber,
        /// Its holder.
        customer: CustomerId,
    },
    /// A customer lists a number that it does not hold.
    NotHeld {
        /// The number.
        number: PhoneNumber,
        /// Who lists it.
        customer: CustomerId,
    },
    /// An open invoice does not hang on its number.
    InvoiceAdrift {
        /// The invoice.
        invoice: InvoiceId,
    },
    /// A number waits for an invoice that is not open for it.
    InvoiceNotOpen {
        /// The number.
        number: PhoneNumber,
        /// The invoice it waits for.
        invoice: InvoiceId,
    },
    /// A customer's list of open invoices is not what is open.
    OpenInvoicesDiffer {
        /// The customer.
        customer: CustomerId,
        /// An invoice that is on one side only.
        invoice: InvoiceId,
    },
    /// Two invoices say that the same payment settled them.
    SettledTwice {
        /// The transaction.
        tx: TxHash,
    },
    /// A number's deadline is not what its record asks for.
    WrongDeadline {
        /// The number.
        number: PhoneNumber,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotListedByHolder { number, customer } => {
                write!(f, "{number} is held by {customer}, whose account does not list it")
            }
            Self::NotHeld { number, customer } => write!(f, "{customer} lists {number} and does not hold it"),
            Self::InvoiceAdrift { invoice } => write!(f, "{invoice} is open and does not hang on its number"),
            Self::InvoiceNotOpen { number, invoice } => {
                write!(f, "{number} waits for {invoice}, which is not open for it")
            }
            Self::OpenInvoicesDiffer { customer, invoice } => {
                write!(
                    f,
                    "{invoice} is open only on one side: the account of {customer} and the invoice disagree"
                )
            }
            Self::SettledTwice { tx } => write!(f, "{tx} settled two invoices"),
            Self::WrongDeadline { number } => {
                write!(f, "the deadline of {number} is wrong; it may be missed")
            }
        }
    }
}

/// Everything that is wrong in these books, in a stable order. All three listings must be complete and of one moment.
pub fn find_violations(
    numbers: &[NumberRecord],
    invoices: &[Invoice],
    accounts: &[Account],
) -> Vec<Violation> {
    let mut found = BTreeSet::new();
    let records: BTreeMap<_, _> = numbers.iter().map(|record| (record.number, record)).collect();
    let by_id: BTreeMap<_, _> = invoices.iter().map(|invoice| (invoice.id, invoice)).collect();
    let by_customer: BTreeMap<_, _> = accounts.iter().map(|account| (&account.id, account)).collect();

    for record in numbers {
        let number = record.number;
        if let Some(holder) = record.rental().map(|rental| &rental.holder)
            && !by_customer.get(holder).is_some_and(|account| account.numbers.contains(&number))
        {
            found.insert(Violation::NotListedByHolder { number, customer: holder.clone() });
        }
        if let Some(invoice) = record.open_invoice() {
            let kind = match record.holding {
                Holding::Reserved { .. } => InvoiceKind::Rent,
                _ => InvoiceKind::Renew,
            };
            let fits = |found: &&Invoice| {
                found.is_open()
                    && found.number == number
                    && found.kind == kind
                    && Some(&found.customer) == record.customer()
            };
            if !by_id.get(&invoice).is_some_and(fits) {
                found.insert(Violation::InvoiceNotOpen { number, invoice });
            }
        }
        if record.deadline != record.next_deadline() {
            found.insert(Violation::WrongDeadline { number });
        }
    }
    let mut settled_by = BTreeSet::new();
    for invoice in invoices {
        let hangs = records.get(&invoice.number).and_then(|record| record.open_invoice()) == Some(invoice.id);
        if invoice.is_open() && !hangs {
            found.insert(Violation::InvoiceAdrift { invoice: invoice.id });
        }
        let listed = by_customer
            .get(&invoice.customer)
            .is_some_and(|account| account.open_invoices.contains(&invoice.id));
        if invoice.is_open() != listed {
            found.insert(Violation::OpenInvoicesDiffer {
                customer: invoice.customer.clone(),
                invoice: invoice.id,
            });
        }
        if let InvoiceStatus::Settled { tx, .. } = invoice.status
            && !settled_by.insert(tx)
        {
            found.insert(Violation::SettledTwice { tx });
        }
    }
    for account in accounts {
        let customer = &account.id;
        for number in &account.numbers {
            let holder = records.get(number).and_then(|record| record.rental()).map(|rental| &rental.holder);
            if holder != Some(customer) {
                found.insert(Violation::NotHeld { number: *number, customer: customer.clone() });
            }
        }
        for id in &account.open_invoices {
            if !by_id.get(id).is_some_and(|invoice| invoice.is_open() && invoice.customer == *customer) {
                found.insert(Violation::OpenInvoicesDiffer { customer: customer.clone(), invoice: *id });
            }
        }
    }
    found.into_iter().collect()
}
