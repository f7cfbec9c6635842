//! From a method's arguments to a text's.

use super::Value;

/// An argument of a text.
#[derive(Debug, Clone)]
pub(crate) struct Arg(pub(super) Value);

/// A piece of markup, put into a text as it is.
#[derive(Debug, Clone)]
pub(crate) struct Html(pub(crate) String);

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self(Value::from(escape(text)))
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<&String> for Arg {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<Html> for Arg {
    fn from(Html(text): Html) -> Self {
        Self(Value::from(text))
    }
}

macro_rules! number_argument {
    ($($type:ty),*) => {$(
        impl From<$type> for Arg {
            fn from(number: $type) -> Self {
                Self(Value::from(number))
            }
        }
    )*};
}
number_argument!(u32, u64, usize);

/// `text` with everything that Telegram's HTML gives a meaning to taken away.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Makes a method of [`Language`](super::Language) for each text, and a list of all for the tests.
///
/// ```ignore
/// messages! { CUSTOMER:
///     home();
///     number_card(number, state);
/// }
/// ```
macro_rules! messages {
    ($list:ident: $($name:ident($($argument:ident),*);)*) => {
        impl crate::texts::Language {
            $(pub(crate) fn $name(self $(, $argument: impl Into<crate::texts::Arg>)*) -> String {
                self.say(stringify!($name), vec![$((stringify!($argument), $argument.into())),*])
            })*
        }

        /// Every text of this list, with its arguments.
        #[cfg(test)]
        pub(super) const $list: &[(&str, &[&str])] = &[$((stringify!($name), &[$(stringify!($argument)),*])),*];
    };
}
