use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::ast::{self, Entry, Expression, InlineExpression, PatternElement};

use rental_core::{ExceptionReason, NumberState, Outcome, Ownership};

use super::*;

/// Names of texts, with their arguments.
type Names = &'static [(&'static str, &'static [&'static str])];

/// The files of both languages, and the names of the texts in them.
const FILES: [(&str, &str, Names); 3] = [
    (
        include_str!("../../texts/en/customer.ftl"),
        include_str!("../../texts/ru/customer.ftl"),
        customer::CUSTOMER,
    ),
    (
        include_str!("../../texts/en/letters.ftl"),
        include_str!("../../texts/ru/letters.ftl"),
        letters::LETTERS,
    ),
    (include_str!("../../texts/en/admin.ftl"), include_str!("../../texts/ru/admin.ftl"), admin::ADMIN),
];

type Signatures = BTreeMap<String, BTreeSet<String>>;

fn signatures(file: &str) -> Signatures {
    let resource = fluent_syntax::parser::parse(file).unwrap_or_else(|(_, errors)| panic!("{errors:?}"));
    let mut found = Signatures::new();
    for entry in resource.body {
        match entry {
            Entry::Message(message) => {
                let pattern = message.value.unwrap_or_else(|| panic!("{} has no text", message.id.name));
                let mut arguments = BTreeSet::new();
                in_pattern(&pattern, &mut arguments);
                let before = found.insert(message.id.name.to_owned(), arguments);
                assert!(before.is_none(), "{} is there twice", message.id.name);
            }
            Entry::Junk { content } => panic!("cannot be read: {content}"),
            _ => {}
        }
    }
    found
}

fn in_pattern(pattern: &ast::Pattern<&str>, arguments: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            in_expression(expression, arguments);
        }
    }
}

fn in_expression(expression: &Expression<&str>, arguments: &mut BTreeSet<String>) {
    let inline = match expression {
        Expression::Select { selector, variants } => {
            for variant in variants {
                in_pattern(&variant.value, arguments);
            }
            selector
        }
        Expression::Inline(inline) => inline,
    };
    match inline {
        InlineExpression::VariableReference { id } => drop(arguments.insert(id.name.to_owned())),
        InlineExpression::Placeable { expression } => in_expression(expression, arguments),
        _ => {}
    }
}

#[test]
fn both_languages_have_every_text_with_the_same_arguments() {
    for (english, russian, named) in FILES {
        let wanted: Signatures = named
            .iter()
            .map(|(name, arguments)| {
                ((*name).to_owned(), arguments.iter().map(|a| (*a).to_owned()).collect())
            })
            .collect();
        for (language, file) in [("en", english), ("ru", russian)] {
            let found = signatures(file);
            for (name, arguments) in &wanted {
                assert_eq!(found.get(name), Some(arguments), "{name} in {language}");
            }
            for name in found.keys() {
                let by_code = name.starts_with("error_") || name.starts_with("admin_error_");
                assert!(by_code || wanted.contains_key(name), "{name} in {language} is used nowhere");
            }
        }
        let (english, russian) = (signatures(english), signatures(russian));
        assert_eq!(english, russian, "the languages differ");
    }
}

/// The names for which a text that chooses by a name has words.
fn chosen_from(file: &str, name: &str) -> BTreeSet<String> {
    let resource = fluent_syntax::parser::parse(file).unwrap_or_else(|(_, errors)| panic!("{errors:?}"));
    let message = resource.body.into_iter().find_map(|entry| match entry {
        Entry::Message(message) if message.id.name == name => message.value,
        _ => None,
    });
    let elements = message.unwrap_or_else(|| panic!("there is no {name}")).elements;
    let mut found = BTreeSet::new();
    for element in elements {
        if let PatternElement::Placeable { expression: Expression::Select { variants, .. } } = element {
            let named = variants.into_iter().filter(|variant| !variant.default);
            found.extend(named.map(|variant| match variant.key {
                ast::VariantKey::Identifier { name } => name.to_owned(),
                ast::VariantKey::NumberLiteral { value } => value.to_owned(),
            }));
        }
    }
    found
}

#[test]
fn everything_that_is_called_by_a_name_has_words_in_both_languages() {
    let wallet = String::new();
    let ownerships = [
        Ownership::Ours { wallet },
        Ownership::Foreign { owner: None },
        Ownership::Auction { bidder: None },
        Ownership::NotMinted,
    ];
    let names: [(&str, Vec<&str>); 4] = [
        ("admin_state", NumberState::ALL.map(NumberState::name).into()),
        ("admin_reason", ExceptionReason::ALL.map(ExceptionReason::name).into()),
        ("admin_outcome", Outcome::NAMES.into()),
        ("notice_why_lost", ownerships.iter().map(Ownership::name).collect()),
    ];
    for file in [FILES[2].0, FILES[2].1] {
        for (text, names) in &names {
            let wanted: BTreeSet<_> = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(chosen_from(file, text), wanted, "{text}");
        }
    }
}

#[test]
fn an_argument_cannot_become_markup_and_carries_no_marks() {
    let Arg(value) = Arg::from("<a&b>");
    assert_eq!(value, Value::from("&lt;a&amp;b&gt;"));
}

#[test]
fn a_client_gets_its_language_or_english() {
    for (code, language) in [
        (Some("ru"), Language::Ru),
        (Some("ru-RU"), Language::Ru),
        (Some("en-GB"), Language::En),
        (Some("fa"), Language::En),
        (None, Language::En),
    ] {
        assert_eq!(Language::of_client(code), language);
    }
}
