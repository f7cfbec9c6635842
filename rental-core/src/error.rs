//! What can be refused, with stable codes.

use crate::{Currency, InvoiceId, PhoneNumber, Timestamp};

/// A rule said no. Nothing was changed.
///
/// [`DomainError::code`] is stable: programs compare it; the text is for people and says what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// The shop has not been opened on this store.
    #[error("this store holds no open shop; start a program with the shop's TON_WALLET first")]
    ShopClosed,
    /// A shop is open already.
    #[error("a shop is open on this store already")]
    ShopOpen,
    /// The number is not in the pool.
    #[error("this number is not in the shop; look at the list of numbers")]
    NumberUnknown,
    /// The number is in the pool already.
    #[error("this number is in the shop already; change its plans or restore it instead")]
    NumberExists,
    /// Somebody is about to pay for the number.
    #[error("somebody else is about to pay for this number; choose another one or try again later")]
    NumberReserved,
    /// Somebody holds the number.
    #[error("this number is rented; choose another one")]
    NumberRented,
    /// The number rests between two rentals.
    #[error("this number is being prepared for the next customer; try again later")]
    NumberInTurnover,
    /// The operator took the number out.
    #[error("this number is not offered at present; choose another one")]
    NumberWithdrawn,
    /// Telegram restricts the number.
    #[error("this number is restricted by Telegram and not offered; choose another one")]
    NumberRestricted,
    /// The number's account is being deleted.
    #[error("this number's Telegram account is being deleted; try again later")]
    NumberPendingDeletion,
    /// The number's NFT is not in the operator's wallets.
    #[error(
        "this number is not the operator's at present, as the chain shows, so it is not rented out; choose another one"
    )]
    NumberLost,
    /// The number is locked for maintenance.
    #[error("this number is locked for maintenance until {until}; try again later")]
    NumberLocked {
        /// When the lock ends by itself.
        until: Timestamp,
    },
    /// There is nothing to restore.
    #[error("this number is offered already; there is nothing to restore")]
    NumberListed,
    /// The number is not offered for this term.
    #[error("this number is not offered for that term; choose one of its plans")]
    PlanUnknown,
    /// The number has no price in this currency.
    #[error("this number has no price in {currency} for that term; choose another currency or another plan")]
    PriceUnknown {
        /// The currency.
        currency: Currency,
    },
    /// The shop does not take this currency.
    #[error(
        "this shop does not take {currency} now; choose another currency (USDT=on makes a shop take USDT)"
    )]
    CurrencyNotAccepted {
        /// The currency.
        currency: Currency,
    },
    /// Another jetton wallet was named than the one the shop's USDT is counted in.
    #[error(
        "this shop's USDT lies in the jetton wallet {pinned}, not in {named}; set USDT_MASTER and TON_WALLET back, and \
         check the provider, which may be lying"
    )]
    UsdtWalletDiffers {
        /// The shop's.
        pinned: String,
        /// The other one.
        named: String,
    },
    /// A renewal would end after the last possible moment.
    #[error("the rental would last longer than ten years; choose a shorter term")]
    TermTooLong,
    /// The plans contradict each other.
    #[error(transparent)]
    PlansInvalid(#[from] crate::PlanError),
    /// The customer has too many open invoices.
    #[error("this customer has {limit} open invoices, the most allowed; pay or cancel one first")]
    TooManyInvoices {
        /// The limit.
        limit: u32,
    },
    /// The customer holds too many numbers.
    #[error("this customer has {limit} numbers, the most allowed")]
    TooManyNumbers {
        /// The limit.
        limit: u32,
    },
    /// The customer is banned.
    #[error("this customer may not rent here; ask the operator")]
    CustomerBanned,
    /// The customer is not banned.
    #[error("this customer is not banned")]
    CustomerNotBanned,
    /// No such invoice, or somebody else's.
    #[error("there is no such invoice")]
    InvoiceUnknown,
    /// The invoice is paid.
    #[error("this invoice is paid already")]
    InvoiceSettled,
    /// The invoice's deadline has passed.
    #[error("this invoice has expired; open a new one")]
    InvoiceExpired,
    /// The invoice was cancelled.
    #[error("this invoice was cancelled; open a new one")]
    InvoiceCancelled,
    /// A payment for the invoice has arrived and is being carried out.
    #[error("a payment for this invoice has arrived; wait for it to settle")]
    InvoicePaid,
    /// No such rental, or somebody else's.
    #[error("there is no such rental")]
    RentalUnknown,
    /// A renewal invoice is open.
    #[error("a renewal is waiting for payment: {invoice}; pay or cancel it first")]
    RenewalOpen {
        /// The open invoice.
        invoice: InvoiceId,
    },
    /// An offer is open.
    #[error("this number is offered to somebody already; withdraw that offer first")]
    TransferOpen,
    /// No such offer, or not for this customer.
    #[error("there is no such transfer; ask the holder for a new one")]
    TransferUnknown,
    /// The offer's time is over.
    #[error("this transfer has expired; ask the holder for a new one")]
    TransferExpired,
    /// The holder cannot be the recipient.
    #[error("a number cannot be transferred to its own holder")]
    TransferToSelf,
    /// Telegram has no user with such an id.
    #[error("no Telegram user has this id; ids are whole numbers from 1 to 4503599627370495")]
    PersonUnknown,
    /// A transfer needs a running term.
    #[error("the rental's term is over; renew it before handing it on")]
    RentalInGrace,
    /// No such payment.
    #[error("there is no such payment")]
    PaymentUnknown,
    /// The payment has been decided about.
    #[error("this payment is {outcome}; only an open exception can be decided about")]
    PaymentDecided {
        /// What became of it.
        outcome: &'static str,
    },
    /// The payment waits for its own invoice's number.
    #[error(
        "this payment settles its own invoice when the number's lock has gone; wait for that, or refund it"
    )]
    PaymentWaiting,
    /// The payment is not waiting for a refund.
    #[error("this payment is {outcome}; start a refund first")]
    RefundNotPending {
        /// What became of it.
        outcome: &'static str,
    },
    /// To which invoice the payment should be applied is not known.
    #[error("this payment names no invoice; say which invoice it is for")]
    InvoiceNotNamed,
    /// The number cannot be given to the invoice's customer any more.
    #[error("{} can no longer be given to this invoice's customer; refund the payment", .number.pretty())]
    NumberGone {
        /// The number.
        number: PhoneNumber,
    },
    /// The actor may not do this.
    #[error("you are not allowed to do this")]
    Denied,
    /// No such admin.
    #[error("this user is not an admin")]
    AdminUnknown,
    /// The user is an admin already.
    #[error("this user is an admin already")]
    AdminExists,
    /// No such API key.
    #[error("there is no live key with this id")]
    KeyUnknown,
    /// Another reader of the chain was faster.
    #[error("the chain position has moved; read again from the new position")]
    ChainMoved,
    /// The chain has not been read so far.
    #[error("the chain has only been read to logical time {read_to_lt}; name an earlier place")]
    ChainNotRead {
        /// The logical time of the position.
        read_to_lt: u64,
    },
    /// What came before the shop began is none of its payments.
    #[error("the shop's books begin at logical time {start_lt}; name that or a later place")]
    ChainBeforeStart {
        /// The logical time from which on the shop has read.
        start_lt: u64,
    },
}

/// What sort of refusal it is; frontends turn it into a status or an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request itself makes no sense.
    Invalid,
    /// The thing does not exist, or not for this actor.
    NotFound,
    /// The thing exists but is in the wrong state for this.
    Conflict,
    /// The actor may not do this.
    Denied,
    /// A limit is reached.
    Limit,
    /// The deadline has passed.
    Gone,
    /// Who asks is not known.
    Unauthenticated,
    /// The shop cannot answer now; the same request may succeed later.
    Unavailable,
    /// Something is broken on our side.
    Internal,
}

impl DomainError {
    /// The stable code, such as `number.reserved`.
    pub fn code(&self) -> &'static str {
        self.parts().0
    }

    /// What sort of refusal it is.
    pub fn kind(&self) -> ErrorKind {
        self.parts().1
    }

    fn parts(&self) -> (&'static str, ErrorKind) {
        use ErrorKind::{Conflict, Denied, Gone, Invalid, Limit, NotFound};
        match self {
            Self::ShopClosed => ("shop.closed", Conflict),
            Self::ShopOpen => ("shop.open", Conflict),
            Self::NumberUnknown => ("number.not_found", NotFound),
            Self::NumberExists => ("number.exists", Conflict),
            Self::NumberReserved => ("number.reserved", Conflict),
            Self::NumberRented => ("number.rented", Conflict),
            Self::NumberInTurnover => ("number.turnover", Conflict),
            Self::NumberWithdrawn => ("number.withdrawn", Conflict),
            Self::NumberRestricted => ("number.restricted", Conflict),
            Self::NumberPendingDeletion => ("number.pending_deletion", Conflict),
            Self::NumberLost => ("number.lost", Conflict),
            Self::NumberLocked { .. } => ("number.locked", Conflict),
            Self::NumberListed => ("number.listed", Conflict),
            Self::PlanUnknown => ("plan.not_found", Invalid),
            Self::PriceUnknown { .. } => ("plan.no_price", Invalid),
            Self::CurrencyNotAccepted { .. } => ("currency.not_accepted", Invalid),
            Self::UsdtWalletDiffers { .. } => ("shop.usdt_wallet_differs", Conflict),
            Self::TermTooLong => ("term.too_long", Invalid),
            Self::PlansInvalid(_) => ("plan.invalid", Invalid),
            Self::TooManyInvoices { .. } => ("limit.open_invoices", Limit),
            Self::TooManyNumbers { .. } => ("limit.numbers", Limit),
            Self::CustomerBanned => ("customer.banned", Denied),
            Self::CustomerNotBanned => ("customer.not_banned", Conflict),
            Self::InvoiceUnknown => ("invoice.not_found", NotFound),
            Self::InvoiceSettled => ("invoice.settled", Conflict),
            Self::InvoiceExpired => ("invoice.expired", Gone),
            Self::InvoiceCancelled => ("invoice.cancelled", Conflict),
            Self::InvoicePaid => ("invoice.paid", Conflict),
            Self::RentalUnknown => ("rental.not_found", NotFound),
            Self::RenewalOpen { .. } => ("rental.renewal_open", Conflict),
            Self::TransferOpen => ("transfer.open", Conflict),
            Self::TransferUnknown => ("transfer.not_found", NotFound),
            Self::TransferExpired => ("transfer.expired", Gone),
            Self::TransferToSelf => ("transfer.to_self", Invalid),
            Self::PersonUnknown => ("person.unknown", Invalid),
            Self::RentalInGrace => ("rental.in_grace", Conflict),
            Self::PaymentUnknown => ("payment.not_found", NotFound),
            Self::PaymentDecided { .. } => ("payment.decided", Conflict),
            Self::PaymentWaiting => ("payment.waiting", Conflict),
            Self::RefundNotPending { .. } => ("payment.refund_not_pending", Conflict),
            Self::InvoiceNotNamed => ("invoice.not_named", Invalid),
            Self::NumberGone { .. } => ("number.gone", Conflict),
            Self::Denied => ("access.denied", Denied),
            Self::AdminUnknown => ("admin.not_found", NotFound),
            Self::AdminExists => ("admin.exists", Conflict),
            Self::KeyUnknown => ("key.not_found", NotFound),
            Self::ChainMoved => ("chain.moved", Conflict),
            Self::ChainNotRead { .. } => ("chain.not_read", Invalid),
            Self::ChainBeforeStart { .. } => ("chain.before_start", Invalid),
        }
    }
}
