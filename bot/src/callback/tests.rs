use proptest::prelude::*;
use rental_core::Ulid;

use super::*;

/// The most that Telegram takes.
const LONGEST: usize = 64;

fn number() -> impl Strategy<Value = PhoneNumber> {
    prop_oneof![8_888_000_u64..=8_888_999, 88_800_000_000_u64..=88_809_999_999]
        .prop_map(|digits| PhoneNumber::from_digits(digits).expect("a number"))
}

fn term() -> impl Strategy<Value = Term> {
    (1..=Term::MAX_DAYS).prop_map(|days| Term::from_days(days).expect("in range"))
}

fn place() -> impl Strategy<Value = Place> {
    let pattern =
        proptest::option::of("[0-9?*]{1,8}").prop_map(|text| text.and_then(|text| text.parse().ok()));
    let currency = prop_oneof![Just(Currency::Ton), Just(Currency::Usdt)];
    let step = (currency, any::<u32>()).prop_map(|(currency, coins)| Step { currency, coins });
    let filter = (proptest::option::of(term()), proptest::option::of(step), pattern)
        .prop_map(|(term, most, pattern)| Filter { term, most, pattern });
    (0_u32..100_000, filter, proptest::option::of(number())).prop_map(|(page, filter, after)| Place {
        page,
        filter,
        after,
    })
}

fn invoice() -> impl Strategy<Value = InvoiceId> {
    any::<(u32, u128)>().prop_map(|(time, random)| InvoiceId::new(Ulid::from_parts(u64::from(time), random)))
}

fn mark() -> impl Strategy<Value = Mark> {
    any::<u64>().prop_map(Mark::new)
}

fn wish() -> impl Strategy<Value = Wish> {
    let purpose = prop_oneof![Just(Purpose::Rent), Just(Purpose::Renew)];
    let currency = prop_oneof![Just(Currency::Ton), Just(Currency::Usdt)];
    (purpose, number(), term(), currency).prop_map(|(purpose, number, term, currency)| Wish {
        purpose,
        number,
        term,
        currency,
    })
}

fn token() -> impl Strategy<Value = TransferToken> {
    (number(), any::<[u8; 16]>()).prop_map(|(number, secret)| TransferToken::new(number, secret))
}

fn callback() -> impl Strategy<Value = Callback> {
    let user = 1..1_u64 << 52;
    let plain = proptest::sample::select(vec![
        Callback::Nothing,
        Callback::Close,
        Callback::Home,
        Callback::Invoices,
        Callback::Attention(None),
        Callback::Help,
        Callback::Rules(Origin::Home),
        Callback::Rules(Origin::Help),
        Callback::Languages,
        Callback::Speak(Language::En),
        Callback::Speak(Language::Ru),
    ]);
    let about_numbers = (0..10, number()).prop_map(|(which, number)| match which {
        0 => Callback::Rental(number),
        1 => Callback::Renew(number),
        2 => Callback::Transfer(number),
        3 => Callback::PickPerson(number),
        4 => Callback::AskPerson(number),
        5 => Callback::AskLink(number),
        6 => Callback::Withdraw(number),
        7 => Callback::Offered(number),
        8 => Callback::Accept(number),
        _ => Callback::Decline(number),
    });
    let about_invoices = (0..7, invoice()).prop_map(|(which, id)| match which {
        0 => Callback::Invoice(id),
        1 => Callback::Qr(id),
        2 => Callback::AskCancel(id),
        3 => Callback::Cancel(id),
        4 => Callback::TryPay(id),
        5 => Callback::Attention(Some(id)),
        _ => Callback::History(Some(id)),
    });
    prop_oneof![
        plain,
        about_numbers,
        about_invoices,
        place().prop_map(Callback::Browse),
        place().prop_map(|place| Callback::Narrow(place.filter)),
        place().prop_map(Callback::AskDigits),
        (number(), place()).prop_map(|(number, place)| Callback::Number(number, place)),
        (wish(), place()).prop_map(|(wish, place)| Callback::Quote(wish, place)),
        (wish(), place()).prop_map(|(wish, place)| Callback::Rules(Origin::Quote(wish, place))),
        (wish(), 0..=Amount::MOST, mark()).prop_map(|(wish, units, mark)| {
            let price = Amount::new(wish.currency, units).expect("in range");
            Callback::Order(Order { wish, price, mark })
        }),
        any::<u32>().prop_map(Callback::Rentals),
        (number(), user, mark()).prop_map(|(number, to, mark)| Callback::Offer(number, to, mark)),
        (number(), mark()).prop_map(|(number, mark)| Callback::MakeLink(number, mark)),
        token().prop_map(Callback::AcceptLink),
        token().prop_map(Callback::DeclineLink),
        Just(Callback::History(None)),
    ]
}

proptest! {
    #[test]
    fn every_button_fits_and_reads_back(callback in callback()) {
        let data = callback.to_string();
        prop_assert!(data.len() <= LONGEST, "{data} has {}", data.len());
        prop_assert_eq!(data.parse(), Ok(callback));
    }

    #[test]
    fn anything_else_is_stale_and_means_one_thing(data in any::<String>()) {
        if let Ok(callback) = data.parse::<Callback>() {
            prop_assert_eq!(callback.to_string(), data);
        }
    }

    #[test]
    fn a_changed_button_is_stale_or_means_what_it_says(callback in callback(), at in 0_usize..64, with in "[ -~]") {
        let mut data = callback.to_string();
        if at < data.len() {
            data.replace_range(at..=at, &with);
            if let Ok(changed) = data.parse::<Callback>() {
                prop_assert_eq!(changed.to_string(), data);
            }
        }
    }
}

#[test]
fn buttons_of_other_versions_are_stale() {
    for data in [
        "",
        "1",
        "h",
        "2h",
        "1h:",
        "1hh",
        "1r:",
        "1r:zzzzzzzzzzzz",
        "1i:inv_x",
        "1gs:xx",
        "1b:0::",
        "1to:4fti4g:0:1",
        "1to:4fti4g:3w5e11264sgsf:1",
    ] {
        assert_eq!(data.parse::<Callback>(), Err(Stale), "{data}");
    }
    assert_eq!("1h".parse(), Ok(Callback::Home));
}
