//! `sandbox`: the local chain and clock for trying things out.

use clap::{Args, Subcommand, ValueEnum};
use data_encoding::HEXLOWER;
use rental_app::SandboxTools;
use rental_core::{
    Amount, Comment, Currency, InvoiceId, Nanotons, Network, NotPayment, Ownership, Page, Payment,
    PhoneNumber, Seconds, TxHash,
};
use rental_ton::{SandboxKind, SandboxRegistry, SandboxTransfer, TonAddress};
use serde::Serialize;

use crate::desk::Desk;
use crate::failure::{Exit, Failure};
use crate::output::{Column, Shape, brief};
use crate::shapes::Moment;
use crate::span;

/// What can be done in the sandbox.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:
  admin-cli sandbox pay inv_01KX0000000000000000000000
  admin-cli sandbox advance 20d
  admin-cli sandbox nft +88801234567 sold")]
pub(crate) enum Verb {
    /// Make transfers on the local chain; a running program books them
    Pay(Pay),
    /// Turn the sandbox clock forward, for all programs of this sandbox
    #[command(before_help = "Examples:
  admin-cli sandbox advance 20d
  admin-cli sandbox advance 15m")]
    Advance {
        /// How far, such as 15m, 12h or 20d
        #[arg(value_name = "TIME", value_parser = span::parse, allow_hyphen_values = true)]
        by: Seconds,
    },
    /// Send coins from the shop's wallet, as its owner does with a wallet app; a running program looks whether it is a refund
    #[command(before_help = "Examples:
  admin-cli sandbox send TX
  admin-cli sandbox send TX --amount 9.5
  admin-cli sandbox send --to 0:2222222222222222222222222222222222222222222222222222222222222222 --amount 3")]
    Send {
        /// The payment to send back, whose sender, amount and refund comment are the defaults
        payment: Option<TxHash>,
        /// To whom
        #[arg(long, value_name = "ADDRESS", value_parser = address)]
        to: Option<TonAddress>,
        /// How much, in TON unless it says USDT
        #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
        amount: Option<Amount>,
        /// What to write
        #[arg(long, value_name = "TEXT")]
        comment: Option<String>,
    },
    /// Play what the chain says of a number's NFT; a running program notices at its next check
    #[command(before_help = "Examples:
  admin-cli sandbox nft +88801234567 sold
  admin-cli sandbox nft +88801234567 ours")]
    Nft {
        /// The number, in any spelling
        number: PhoneNumber,
        /// What shall be true
        #[arg(value_enum)]
        standing: Standing,
    },
}

/// What can be true of a number's NFT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Standing {
    /// It is in the operator's wallet
    Ours,
    /// Somebody else has it
    Sold,
    /// It is for sale and nobody has bid
    Auction,
    /// It is for sale and somebody has bid
    Bid,
    /// It does not exist
    Unminted,
}

impl Standing {
    fn ownership(self) -> Ownership {
        let somebody = || Some(format!("0:{}", "e".repeat(64)));
        match self {
            Self::Ours => SandboxRegistry::ours(),
            Self::Sold => Ownership::Foreign { owner: somebody() },
            Self::Auction => Ownership::Auction { bidder: None },
            Self::Bid => Ownership::Auction { bidder: somebody() },
            Self::Unminted => Ownership::NotMinted,
        }
    }
}

/// A transfer.
#[derive(Debug, Args)]
#[command(before_help = "Examples:
  admin-cli sandbox pay inv_01KX0000000000000000000000
  admin-cli sandbox pay inv_01KX0000000000000000000000 --amount 9.5
  admin-cli sandbox pay inv_01KX0000000000000000000000 --times 2
  admin-cli sandbox pay inv_01KX0000000000000000000000 --amount 25.5usdt
  admin-cli sandbox pay --amount 1 --comment \"for my friends\"
  admin-cli sandbox pay inv_01KX0000000000000000000000 --kind bounced")]
pub(crate) struct Pay {
    /// The invoice whose amount and payload are the defaults
    invoice: Option<InvoiceId>,
    /// How much, such as 9.5 or 9.5usdt; without a currency in that of the invoice, else in TON
    #[arg(long, value_name = "AMOUNT", conflicts_with = "nanotons", value_parser = amount, allow_hyphen_values = true)]
    amount: Option<String>,
    /// How much, in nanotons
    #[arg(long, value_name = "N", value_parser = nanotons, allow_hyphen_values = true)]
    nanotons: Option<Nanotons>,
    /// What the payer writes
    #[arg(long, value_name = "TEXT", conflicts_with = "no_comment")]
    comment: Option<String>,
    /// The payer writes nothing
    #[arg(long)]
    no_comment: bool,
    /// What sort of transfer
    #[arg(long, value_enum, default_value_t)]
    kind: Kind,
    /// Who pays; by default 0:1111…11
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    from: Option<TonAddress>,
    /// How many of them
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000), allow_hyphen_values = true)]
    times: u32,
}

/// Sorts of transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Kind {
    /// Money that comes and stays
    #[default]
    Payment,
    /// The wallet's own money that came back
    Bounced,
    /// Money that was returned to its sender at once
    Returned,
    /// The wallet paid itself
    #[value(name = "self")]
    ToSelf,
    /// Nothing was transferred
    Zero,
    /// A notice from a jetton's contract
    Jetton,
    /// Money with an encrypted comment
    Encrypted,
    /// Money with a comment that is no text
    Binary,
    /// Money with a message that nobody can read
    Unreadable,
    /// A call from a contract
    Op,
}

/// A transaction that was made.
#[derive(Debug, Serialize)]
struct MadeShape {
    tx_hash: TxHash,
}

impl Shape for MadeShape {
    fn columns() -> Vec<Column> {
        vec![brief("tx_hash")]
    }

    fn cells(&self) -> Vec<String> {
        vec![self.tx_hash.to_string()]
    }
}

/// What the sandbox clock shows.
#[derive(Debug, Serialize)]
struct NowShape {
    now: Moment,
}

impl Shape for NowShape {
    fn columns() -> Vec<Column> {
        vec![brief("now")]
    }

    fn cells(&self) -> Vec<String> {
        vec![self.now.to_string()]
    }
}

/// Checks an amount whose currency may still have to come from the invoice.
fn amount(text: &str) -> Result<String, String> {
    text.parse::<Amount>().map(|_| text.to_owned()).map_err(|error| error.to_string())
}

fn nanotons(text: &str) -> Result<Nanotons, String> {
    Nanotons::from_nanotons_str(text).map_err(|error| error.to_string())
}

fn address(text: &str) -> Result<TonAddress, String> {
    TonAddress::parse(text, Network::Sandbox).map_err(|error| error.to_string())
}

/// Carries out `verb`.
pub(crate) async fn run(
    verb: Verb,
    desk: &mut Desk<'_>,
    sandbox: Option<&SandboxTools>,
) -> Result<(), Failure> {
    let SandboxTools { chain, clock, registry } = sandbox.ok_or_else(|| {
        let text = "this shop takes real coins: the sandbox exists only with TON_PROVIDER=sandbox";
        Failure::new(Exit::Denied, "sandbox.absent", text)
    })?;
    match verb {
        Verb::Pay(pay) => {
            let transfer = transfer(&pay, desk).await?;
            let (chain, times) = (chain.clone(), pay.times);
            let made = tokio::task::spawn_blocking(move || {
                (0..times).map(|_| chain.append(&transfer)).collect::<Result<Vec<_>, _>>()
            });
            let made = made.await.expect("appending does not panic")?;
            desk.say("on the chain; a running http-api or bot books it within seconds")?;
            desk.show_list(&Page {
                items: made.into_iter().map(|tx_hash| MadeShape { tx_hash }).collect(),
                next: None,
            })
        }
        Verb::Advance { by } => {
            let now = Moment(clock.advance(by)?);
            desk.show(&NowShape { now })
        }
        Verb::Send { payment, to, amount, comment } => {
            let refund = match payment {
                Some(tx) => Some(desk.rentals.payment(&desk.actor, tx).await?),
                None => None,
            };
            let sender = refund.as_ref().and_then(|payment| address(&payment.sender).ok());
            let whole = refund.as_ref().map(|payment| payment.amount);
            let (Some(to), Some(amount)) = (to.or(sender), amount.or(whole)) else {
                let text = "without a payment say --to and --amount";
                return Err(Failure::new(Exit::Usage, "usage", text));
            };
            let comment = comment.or(refund.as_ref().map(Payment::refund_comment));
            let comment = comment.map_or(Comment::None, Comment::Text);
            let kind = SandboxKind::Outgoing(to);
            let transfer = SandboxTransfer { amount, comment, kind, sender: None };
            let tx_hash = chain.append(&transfer)?;
            desk.say("on the chain; a running http-api or bot sees it within seconds")?;
            desk.show(&MadeShape { tx_hash })
        }
        Verb::Nft { number, standing } => {
            registry.set(number, &standing.ownership())?;
            desk.say("a running http-api or bot notices at its next check, `numbers verify` at once")
        }
    }
}

/// The transfer meant: what is said, and the invoice's figures for the rest.
async fn transfer(pay: &Pay, desk: &Desk<'_>) -> Result<SandboxTransfer, Failure> {
    let invoice = match pay.invoice {
        Some(id) => Some(desk.rentals.invoice(&desk.actor, id).await?),
        None => None,
    };
    let own = invoice.as_ref().map(|invoice| invoice.amount);
    let silent = own.map_or(Currency::Ton, Amount::currency);
    let said = pay.amount.as_deref().map(|text| Amount::parse_or(text, silent)).transpose();
    let said = said.map_err(|error| Failure::new(Exit::Usage, "usage", error.to_string()))?;
    let amount = said.or(pay.nanotons.map(Amount::from)).or(own);
    let payload = invoice.as_ref().map(|invoice| invoice.payload.to_string());
    let comment = match (pay.no_comment, pay.comment.clone().or(payload)) {
        (true, _) => Some(Comment::None),
        (false, text) => text.map(Comment::Text),
    };
    let (Some(amount), Some(comment)) = (amount, comment) else {
        let text = "without an invoice say --amount, and --comment or --no-comment";
        return Err(Failure::new(Exit::Usage, "usage", text));
    };
    let (kind, comment) = match (pay.kind, comment) {
        (Kind::Payment, comment) => (SandboxKind::Payment, comment),
        (Kind::Encrypted, _) => (SandboxKind::Payment, Comment::Encrypted),
        (Kind::Binary, comment) => {
            // A byte that no text begins with.
            let bytes = [&[0xff], comment.text().unwrap_or_default().as_bytes()].concat();
            (SandboxKind::Payment, Comment::Binary(HEXLOWER.encode(&bytes)))
        }
        (Kind::Unreadable, comment) => (SandboxKind::Unreadable, comment),
        (Kind::Jetton, comment) => (SandboxKind::JettonNotification, comment),
        (Kind::Bounced, comment) => (SandboxKind::NotPayment(NotPayment::BouncedBackToUs), comment),
        (Kind::Returned, comment) => (SandboxKind::NotPayment(NotPayment::ReturnedToSender), comment),
        (Kind::ToSelf, comment) => (SandboxKind::NotPayment(NotPayment::SelfTransfer), comment),
        (Kind::Zero, comment) => (SandboxKind::NotPayment(NotPayment::ZeroValue), comment),
        (Kind::Op, comment) => (SandboxKind::NotPayment(NotPayment::ContractOp), comment),
    };
    Ok(SandboxTransfer { amount, comment, kind, sender: pay.from })
}
