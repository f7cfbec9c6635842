//! Everything the bot says, in English and in Russian.
//!
//! The texts are Fluent files in `texts/<language>/`, compiled in. Each is reached through a method of [`Language`]
//! with the text's own name and arguments, so that a text without a name does not compile; a test compares names and
//! arguments with the files. Arguments that are texts are escaped: what people and the chain say cannot become markup.

#[macro_use]
mod message;
mod admin;
mod customer;
mod letters;

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use serde::{Deserialize, Serialize};

pub(crate) use message::{Arg, Html, escape};

/// A language that the bot speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Language {
    /// English, also for everybody whose language the bot does not speak.
    En,
    /// Russian.
    Ru,
}

type Bundle = FluentBundle<FluentResource>;

static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| {
    bundle(
        "en",
        &[
            include_str!("../texts/en/customer.ftl"),
            include_str!("../texts/en/letters.ftl"),
            include_str!("../texts/en/admin.ftl"),
        ],
    )
});
static RUSSIAN: LazyLock<Bundle> = LazyLock::new(|| {
    bundle(
        "ru",
        &[
            include_str!("../texts/ru/customer.ftl"),
            include_str!("../texts/ru/letters.ftl"),
            include_str!("../texts/ru/admin.ftl"),
        ],
    )
});

fn bundle(language: &str, files: &[&str]) -> Bundle {
    let language = language.parse().expect("a language code");
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // Marks of direction around arguments would be copied along with addresses and comments.
    bundle.set_use_isolating(false);
    for file in files {
        let resource = FluentResource::try_new((*file).to_owned()).expect("a test reads every file");
        bundle.add_resource(resource).expect("a test finds names that are used twice");
    }
    bundle
}

impl Language {
    /// All languages.
    pub(crate) const ALL: [Self; 2] = [Self::En, Self::Ru];

    /// The language for a client that says it is in `code`, such as `ru` or `en-US`.
    pub(crate) fn of_client(code: Option<&str>) -> Self {
        match code.and_then(|code| code.split('-').next()) {
            Some("ru") => Self::Ru,
            _ => Self::En,
        }
    }

    /// Its code: `en` or `ru`.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ru => "ru",
        }
    }

    fn bundle(self) -> &'static Bundle {
        match self {
            Self::En => &ENGLISH,
            Self::Ru => &RUSSIAN,
        }
    }

    /// The text `name`; `None` when there is none of that name.
    pub(crate) fn find(self, name: &str, arguments: Vec<(&'static str, Arg)>) -> Option<String> {
        let bundle = self.bundle();
        let pattern = bundle.get_message(name)?.value()?;
        let mut values = FluentArgs::with_capacity(arguments.len());
        for (name, Arg(value)) in arguments {
            values.set(name, value);
        }
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&values), &mut errors).into_owned();
        if !errors.is_empty() {
            tracing::error!(name, language = self.code(), ?errors, "a text is incomplete");
        }
        Some(text)
    }

    /// The text `name`, which exists; a test looks.
    fn say(self, name: &str, arguments: Vec<(&'static str, Arg)>) -> String {
        self.find(name, arguments).unwrap_or_else(|| {
            tracing::error!(name, language = self.code(), "a text is missing");
            name.to_owned()
        })
    }
}

/// A value as Fluent takes it.
pub(crate) type Value = FluentValue<'static>;

#[cfg(test)]
mod tests;
