use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::ast::{self, Entry, Expression, InlineExpression, PatternElement};

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
