//! `rentals`: who holds which number.

use clap::Subcommand;
use rental_core::{Command, NumberRecord, PhoneNumber, ServiceError, Term};

use crate::cli::Whose;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::listing::Paging;
use crate::shapes::{NumberShape, RentalShape};

/// What can be done with rentals.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:
  admin-cli rentals list
  admin-cli rentals extend +88801234567 --by 5d --reason \"outage on Monday\"
  admin-cli rentals revoke +88801234567")]
pub(crate) enum Verb {
    /// List rentals, those in grace included
    #[command(before_help = "Examples:
  admin-cli rentals list --customer tg:123456789
  admin-cli rentals list --all --output csv > rentals.csv")]
    List {
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        paging: Paging,
    },
    /// Show a number's rental
    #[command(before_help = "Examples:
  admin-cli rentals show +88801234567")]
    Show {
        /// The number
        number: PhoneNumber,
    },
    /// Give the holder more time without payment
    #[command(before_help = "Examples:
  admin-cli rentals extend +88801234567 --by 5d --reason \"outage on Monday\"")]
    Extend {
        /// The number
        number: PhoneNumber,
        /// How many days more, such as 5d
        #[arg(long, value_name = "TERM", allow_hyphen_values = true)]
        by: Term,
    },
    /// End a rental now; the holder loses the number and gets no money back by this
    #[command(before_help = "Examples:
  admin-cli rentals revoke +88801234567 --reason fraud
  admin-cli rentals revoke +88801234567 --yes")]
    Revoke {
        /// The number
        number: PhoneNumber,
    },
}

/// Carries out `verb`.
pub(crate) async fn run(verb: Verb, desk: &mut Desk<'_>) -> Result<(), Failure> {
    match verb {
        Verb::List { whose, paging } => {
            let (rentals, actor, owner) = (desk.rentals, desk.actor.clone(), whose.owner());
            let page = async |page| rentals.rentals(&actor, &owner, &page).await;
            desk.list(&paging, page, |record| RentalShape::of(&record)).await
        }
        Verb::Show { number } => {
            let record = desk.rentals.rental(&desk.actor, number).await?;
            show(desk, &record)
        }
        Verb::Extend { number, by } => {
            let command = Command::Extend { number, term: by };
            let record = desk.execute(command).await?.number()?;
            desk.say(&format!("extended by {by}"))?;
            show(desk, &record)
        }
        Verb::Revoke { number } => {
            // Who loses the number is what the operator should see before saying yes.
            let record = desk.rentals.rental(&desk.actor, number).await?;
            let rental = record.rental().ok_or(ServiceError::Unexpected)?;
            let (holder, end) = (&rental.holder, rental.expires_at);
            desk.confirm(&format!("take {number} from {holder}, who paid until {end}"))?;
            let record = desk.execute(Command::Revoke { number }).await?.number()?;
            desk.say("revoked")?;
            desk.show(&NumberShape::from(&record))
        }
    }
}

fn show(desk: &mut Desk<'_>, record: &NumberRecord) -> Result<(), Failure> {
    let rental = RentalShape::of(record).ok_or(ServiceError::Unexpected)?;
    desk.show(&rental)
}

#[cfg(test)]
mod tests {
    use rental_core::{DomainError, Effect, MockRentals, Receipt};

    use super::*;
    use crate::failure::Exit;
    use crate::output::Format;
    use crate::testing::{at_desk, is_audited, number, rented};

    #[test]
    fn a_revocation_names_who_loses_the_number_and_needs_a_yes() {
        let revoke = || Verb::Revoke { number: number().number };
        let mut shop = MockRentals::new();
        shop.expect_rental().returning(|_, _| Ok(rented()));
        let ended = at_desk(&shop, Format::Table, false, async |desk| run(revoke(), desk).await);
        let failure = ended.result.expect_err("nobody said yes");
        assert_eq!(failure.exit, Exit::Cancelled);
        assert!(failure.text.contains("take +88801234567 from api:demo:alice"), "{}", failure.text);
        assert_eq!(ended.out, "");

        shop.expect_execute()
            .withf(|request| is_audited(request) && matches!(request.command, Command::Revoke { .. }))
            .times(1)
            .returning(|_| {
                Ok(Receipt { effect: Effect::Number(Box::new(number())), changed: true, replayed: false })
            });
        let ended = at_desk(&shop, Format::Json, true, async |desk| run(revoke(), desk).await);
        assert_eq!((ended.result, ended.err.as_str()), (Ok(()), "revoked\n"));
    }

    #[test]
    fn a_refusal_keeps_its_code() {
        let mut shop = MockRentals::new();
        shop.expect_rental().returning(|_, _| Err(DomainError::RentalUnknown.into()));
        let verb = Verb::Show { number: number().number };
        let ended = at_desk(&shop, Format::Json, false, async |desk| run(verb, desk).await);
        let failure = ended.result.expect_err("there is no rental");
        assert_eq!((failure.exit, failure.code), (Exit::NotFound, "rental.not_found"));
    }
}
