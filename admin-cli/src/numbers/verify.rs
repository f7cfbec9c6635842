//! Asking the chain whose numbers are.

use clap::Args;
use rental_core::{Command, DomainError, Ownership, Page, PhoneNumber, ServiceError};

use super::{Which, execute, known};
use crate::desk::Desk;
use crate::failure::{Exit, Failure};
use crate::listing::Paging;
use crate::shapes::NumberShape;

/// Which numbers to ask about.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The numbers, in any spelling; quote one that has spaces
    #[arg(value_name = "NUMBER", required_unless_present = "all")]
    numbers: Vec<PhoneNumber>,
    /// All numbers of the pool
    #[arg(long, conflicts_with = "numbers")]
    all: bool,
}

/// Asks about each number and notes the answer. A number without an answer stays as it was and does not stop the others.
///
/// # Errors
/// The last failure, when there was one.
pub(super) async fn run(verify: Verify, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let numbers = if verify.all {
        let rentals = desk.rentals;
        let page = async |page| rentals.numbers(&[], &page).await;
        Paging::ALL.gather(page).await?.items.into_iter().map(|record| record.number).collect()
    } else {
        known(desk, &Which { numbers: verify.numbers }).await?
    };
    let (mut records, mut failed) = (Vec::new(), None);
    for number in numbers {
        match note(desk, number).await {
            Ok(record) => records.push(record),
            Err(failure) => {
                let failure = failure.about(number);
                desk.say(&format!("not verified: {}", failure.text))?;
                failed = Some(failure);
            }
        }
    }
    desk.show_list(&Page { items: records, next: None })?;
    failed.map_or(Ok(()), Err)
}

/// Asks about a number of the pool and notes the answer.
async fn note(desk: &mut Desk<'_>, number: PhoneNumber) -> Result<NumberShape, Failure> {
    let ownership = desk.registry.ownership(number).await?;
    let said = in_words(&ownership);
    let record = execute(desk, Command::NoteOwnership { number, ownership }, &said).await?;
    Ok(NumberShape::from(&record))
}

/// The chain's word that a number which is not in the pool yet is the operator's.
///
/// # Errors
/// When it is not, or when there is no answer.
pub(super) async fn prove(desk: &Desk<'_>, number: PhoneNumber) -> Result<Ownership, Failure> {
    let ownership =
        desk.registry.ownership(number).await.map_err(|error| Failure::from(error).about(number))?;
    if ownership.is_ours() {
        return Ok(ownership);
    }
    let code = ServiceError::from(DomainError::NumberLost).code();
    let text = format!(
        "{number} {}; nothing was added: move its NFT to TON_WALLET, name the wallet that has it in OWNER_WALLETS, or \
         end the auction",
        in_words(&ownership)
    );
    Err(Failure::new(Exit::Conflict, code, text))
}

/// What the chain says, for people.
fn in_words(ownership: &Ownership) -> String {
    match ownership {
        Ownership::Ours { .. } => "is in the operator's wallet".to_owned(),
        Ownership::Foreign { owner: Some(owner) } => format!("belongs to {owner}"),
        Ownership::Foreign { owner: None } => "belongs to nobody".to_owned(),
        Ownership::Auction { bidder: Some(bidder) } => format!("is being sold to {bidder}"),
        Ownership::Auction { bidder: None } => "is for sale".to_owned(),
        Ownership::NotMinted => "does not exist on chain".to_owned(),
    }
}
