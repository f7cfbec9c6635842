//! Commands: everything that can be asked of the shop.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use ulid::Ulid;

use crate::{
    Actor, AdminId, Alarm, ApiKey, ApiSecret, ChainCursor, ChainState, CommitId, Currency, CustomerId,
    IncomingPayment, IntegratorId, Invoice, InvoiceId, LeaseToken, NumberRecord, OfferRef, OutgoingTransfer,
    Ownership, Payload, Payment, PhoneNumber, Plan, Policy, Scope, Sighting, Term, Timestamp, TransferToken,
    TxHash, Wallet,
};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Open the shop on an empty store.
    OpenShop {
        /// Where customers pay to.
        wallet: Wallet,
        /// The figures.
        policy: Policy,
        /// Where to begin reading the chain.
        chain_start: ChainCursor,
    },
    /// Change the shop's figures. What was agreed before (open invoices, running terms) stands.
    SetPolicy {
        /// The new figures.
        policy: Policy,
    },

    /// Take USDT from now on. The jetton wallet that is named first is the shop's for ever.
    AcceptUsdt {
        /// The jetton's master contract, a raw address.
        master: String,
        /// Our own jetton wallet, a raw address.
        wallet: String,
        /// Where to begin reading its chain; only the first time.
        chain_start: ChainCursor,
    },
    /// Take no USDT any more. Open invoices can still be paid.
    RefuseUsdt,

    /// Add a number to the pool.
    AddNumber {
        /// The number.
        number: PhoneNumber,
        /// What it is offered for.
        plans: Vec<Plan>,
    },
    /// Change what a number is offered for. Open invoices keep their price.
    SetPlans {
        /// The number.
        number: PhoneNumber,
        /// The new plans.
        plans: Vec<Plan>,
    },
    /// Stop offering a number. Its holder keeps it to the end of the term.
    Withdraw {
        /// The number.
        number: PhoneNumber,
    },
    /// Mark a number as restricted by Telegram; not offered.
    Restrict {
        /// The number.
        number: PhoneNumber,
    },
    /// Mark a number's Telegram account as being deleted; not offered until then.
    AwaitDeletion {
        /// The number.
        number: PhoneNumber,
        /// When the deletion is through.
        until: Timestamp,
    },
    /// Offer a number again: ends a withdrawal, restriction or pending deletion, or confirms a turnover.
    Restore {
        /// The number.
        number: PhoneNumber,
    },
    /// Note what the chain says of a number's NFT.
    NoteOwnership {
        /// The number.
        number: PhoneNumber,
        /// What it says.
        ownership: Ownership,
    },
    /// Give a holder more time without payment.
    Extend {
        /// The number.
        number: PhoneNumber,
        /// How much more.
        term: Term,
    },
    /// End a rental now.
    Revoke {
        /// The number.
        number: PhoneNumber,
    },
    /// Bar a customer from opening invoices and receiving numbers. It keeps what it has paid for.
    Ban {
        /// Who.
        customer: CustomerId,
    },
    /// End a ban.
    Unban {
        /// Who.
        customer: CustomerId,
    },

    /// Open an invoice for a new rental.
    OpenRent {
        /// The number.
        number: PhoneNumber,
        /// For how long.
        term: Term,
        /// For whom.
        customer: CustomerId,
        /// What it will be paid in.
        currency: Currency,
    },
    /// Open an invoice for more time.
    OpenRenewal {
        /// The number.
        number: PhoneNumber,
        /// How much more.
        term: Term,
        /// What it will be paid in.
        currency: Currency,
    },
    /// Withdraw an open invoice.
    CancelInvoice {
        /// Which.
        invoice: InvoiceId,
    },

    /// Offer a rental to somebody else.
    OfferTransfer {
        /// The number.
        number: PhoneNumber,
        /// To whom; to whoever has the token when absent.
        to: Option<CustomerId>,
    },
    /// Take over an offered rental.
    AcceptTransfer {
        /// Which offer.
        offer: OfferRef,
        /// Who takes it.
        customer: CustomerId,
    },
    /// Say no to an offered rental.
    DeclineTransfer {
        /// Which offer.
        offer: OfferRef,
        /// Who says no.
        customer: CustomerId,
    },
    /// Take an offer back.
    WithdrawTransfer {
        /// The number.
        number: PhoneNumber,
    },

    /// Book a payment from the chain: settle its invoice, or keep it as an exception.
    Book {
        /// The payment.
        incoming: IncomingPayment,
        /// Whether the message could not be read.
        unreadable: bool,
        /// Who has it in its chain.
        sighting: Sighting,
    },
    /// Book a payment whose number is locked: nothing but the payment and its invoice is touched.
    BookWaiting {
        /// The payment.
        incoming: IncomingPayment,
        /// Who has it in its chain.
        sighting: Sighting,
    },
    /// Say anew who has an unconfirmed payment in its chain: settle it, mark it as disputed, or let it wait on.
    ConfirmPayment {
        /// The payment.
        tx: TxHash,
        /// Who has it in its chain.
        sighting: Sighting,
    },
    /// Book money from one of the operator's own wallets: a deposit, unless it names an invoice.
    BookDeposit {
        /// The money.
        incoming: IncomingPayment,
        /// Who has it in its chain.
        sighting: Sighting,
    },
    /// Look whether money that the wallet sent is the refund of a payment.
    NoteOutgoing {
        /// The payment.
        payment: TxHash,
        /// What was sent.
        outgoing: OutgoingTransfer,
    },
    /// Move the chain position past transactions that have been dealt with.
    AdvanceChain {
        /// The position that was read from.
        from: ChainCursor,
        /// The new position.
        to: ChainState,
    },
    /// Have the chain read again from an earlier place. What is booked stays booked, once.
    RereadChain {
        /// Which chain: that of the wallet in which this currency arrives.
        currency: Currency,
        /// The logical time from which on.
        from_lt: u64,
    },
    /// Do what the passing of time asks for.
    Tick {
        /// The number.
        number: PhoneNumber,
    },

    /// Accept an odd payment for an invoice.
    ApplyPayment {
        /// The payment.
        tx: TxHash,
        /// The invoice; the one it names when absent.
        invoice: Option<InvoiceId>,
    },
    /// Begin to send an odd payment back.
    RefundPayment {
        /// The payment.
        tx: TxHash,
    },
    /// Note that a payment was sent back.
    ConfirmRefund {
        /// The payment.
        tx: TxHash,
        /// The outgoing transaction, if known.
        refund_tx: Option<TxHash>,
    },
    /// Keep an odd payment.
    WriteOffPayment {
        /// The payment.
        tx: TxHash,
    },

    /// Note that an operator has locked a number, or has ended the lock; the lock itself is a lease.
    NoteLock {
        /// The number.
        number: PhoneNumber,
        /// When the lock ends by itself; `None` when it was ended.
        until: Option<Timestamp>,
    },
    /// Note that an operator sends news to all customers, or stops that; the sending itself is the frontend's.
    NoteNews {
        /// What they are told; `None` when it was stopped.
        text: Option<String>,
    },
    /// Tell operators that something is wrong, or well again.
    Raise {
        /// What.
        alarm: Alarm,
    },
    /// Say who owns the shop, as the configuration does.
    SetOwner {
        /// The owner's user id.
        user: Option<u64>,
    },
    /// Make a Telegram user an admin; in Telegram only the owner can.
    AddAdmin {
        /// The user id.
        user: u64,
    },
    /// Take an admin's rights away, at once; in Telegram only the owner can.
    RemoveAdmin {
        /// The user id.
        user: u64,
    },
    /// Make an API key.
    CreateKey {
        /// For whom.
        integrator: IntegratorId,
        /// What it may do.
        scopes: Vec<Scope>,
    },
    /// End an API key, at once.
    RevokeKey {
        /// The key's public part.
        id: String,
    },
}

/// A command with all that deciding it needs: who asks, and fresh randomness. The same envelope on the same state
/// always gives the same decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Who asks.
    pub actor: Actor,
    /// What.
    pub command: Command,
    /// Fresh identifiers.
    pub seed: Seed,
    /// Why, in the operator's words; for the audit trail.
    pub reason: Option<String>,
    /// The lease under which this is done.
    pub lease: Option<LeaseToken>,
}

/// Fresh randomness for one command.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed {
    /// Identifies the commit, and the invoice if one is opened.
    pub id: Ulid,
    /// Secret bits for payloads, tokens and keys.
    pub entropy: [u8; 32],
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seed({}, …)", self.id)
    }
}

impl Seed {
    /// The commit's id.
    pub fn commit_id(&self) -> CommitId {
        CommitId(self.id)
    }

    /// A payload.
    pub(crate) fn payload(&self) -> Payload {
        Payload::from_entropy(self.part())
    }

    /// A transfer token for `number`.
    pub(crate) fn transfer_token(&self, number: PhoneNumber) -> TransferToken {
        TransferToken::new(number, self.part())
    }

    /// An API key.
    pub(crate) fn api_secret(&self) -> ApiSecret {
        ApiSecret::from_entropy(self.entropy)
    }

    fn part<const N: usize>(&self) -> [u8; N] {
        std::array::from_fn(|i| self.entropy[i])
    }
}

/// A client's own name for a request, so that sending it twice acts once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Whose key; keys of different integrators never meet.
    pub integrator: IntegratorId,
    /// The key, 1 to 255 visible ASCII characters.
    pub key: String,
    /// SHA-256 of the request, in hex: the same key with another request is an error.
    pub fingerprint: String,
}

impl IdempotencyKey {
    /// A key for a request made of these parts, or `None` when the key is not 1 to 255 visible ASCII characters.
    pub fn new(integrator: IntegratorId, key: &str, request: &[&[u8]]) -> Option<Self> {
        let visible = (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
        let mut hash = Sha256::new();
        for part in request {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        visible.then(|| Self {
            integrator,
            key: key.to_owned(),
            fingerprint: HEXLOWER.encode(&hash.finalize()),
        })
    }
}

/// What a command brought about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Effect {
    /// An invoice, as it stands now.
    Invoice(Box<Invoice>),
    /// A number, as it stands now.
    Number(Box<NumberRecord>),
    /// An open transfer offer.
    Offer {
        /// The number.
        number: PhoneNumber,
        /// The token, in the clear: the only time it is shown.
        token: String,
        /// The last moment to accept.
        expires_at: Timestamp,
    },
    /// A payment, as it stands now.
    Payment(Box<Payment>),
    /// An API key and its secret, in the clear: the only time it is shown.
    Key {
        /// The key.
        key: Box<ApiKey>,
        /// The secret.
        secret: String,
    },
    /// Nothing to show.
    Done,
}

impl AdminId {
    /// Whether this admin has rights now: on the console always, in Telegram as the owner or as long as it is listed.
    pub fn is_listed(&self, access: &crate::Access) -> bool {
        match self {
            Self::Console(_) => true,
            Self::Telegram(user) => access.is_admin(*user),
        }
    }

    /// Whether this admin appoints and dismisses admins.
    pub fn appoints(&self, access: &crate::Access) -> bool {
        match self {
            Self::Console(_) => true,
            Self::Telegram(user) => access.owner == Some(*user),
        }
    }
}
