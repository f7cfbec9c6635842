//! Text with HTML markup, as Telegram reads it.
//!
//! Refusals, and what is let pass (an ampersand that begins no entity, an end tag without a name), follow the public
//! Bot API's behaviour; see <https://core.telegram.org/bots/api#html-style>.

use serde_json::{Value, json};

use crate::params::Params;
use crate::refusal::Refusal;

/// What is left of a text when its markup has become entities.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Formatted {
    pub(crate) text: String,
    pub(crate) entities: Vec<Value>,
}

impl Formatted {
    /// The text in `field`, trimmed, with the markup of `parse_mode` or the entities in `entities_field`.
    pub(crate) fn read(params: &Params, field: &str, entities_field: &str) -> Result<Self, Refusal> {
        let Some(source) = params.text(field) else { return Ok(Self::default()) };
        let mode = params.text("parse_mode").unwrap_or_default();
        let formatted = match &*mode.to_ascii_lowercase() {
            "" => {
                let entities = params.json(entities_field)?;
                let entities = entities.and_then(|list| list.as_array().cloned()).unwrap_or_default();
                Self { text: source.into_owned(), entities }
            }
            "html" => parse(&source).map_err(|why| Refusal::bad(&format!("can't parse entities: {why}")))?,
            "markdown" | "markdownv2" => return Err(Refusal::bad("this server reads HTML only")),
            _ => return Err(Refusal::bad("unsupported parse_mode")),
        };
        Ok(formatted.trimmed())
    }

    /// How long Telegram says it is.
    pub(crate) fn length(&self) -> usize {
        units(&self.text)
    }

    fn trimmed(self) -> Self {
        let text = self.text.trim();
        if text.len() == self.text.len() {
            return self;
        }
        let start = units(&self.text[..self.text.len() - self.text.trim_start().len()]);
        let end = start + units(text);
        let clip = |mut entity: Value| {
            let from = entity["offset"].as_u64().and_then(|from| usize::try_from(from).ok())?;
            let length = entity["length"].as_u64().and_then(|length| usize::try_from(length).ok())?;
            let (first, last) = (from.max(start), (from + length).min(end));
            entity["offset"] = json!(first.checked_sub(start)?);
            entity["length"] = json!(last.checked_sub(first).filter(|length| *length > 0)?);
            Some(entity)
        };
        Self { text: text.to_owned(), entities: self.entities.into_iter().filter_map(clip).collect() }
    }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// A tag that is not closed yet.
struct Open {
    name: String,
    entity: Value,
    offset: usize,
    place: usize,
}

fn parse(source: &str) -> Result<Formatted, String> {
    let mut text = String::with_capacity(source.len());
    let mut length = 0;
    let mut entities = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut rest = source;
    while let Some(next) = rest.chars().next() {
        let at = source.len() - rest.len();
        if next == '<' && rest[1..].starts_with('/') {
            let Some(tag) = open.pop() else { return Err(format!("Unexpected end tag at byte offset {at}")) };
            let Some(end) = rest.find('>') else {
                return Err(format!("Unclosed end tag at byte offset {at}"));
            };
            let name = rest[2..end].trim_end().to_ascii_lowercase();
            if name.contains(char::is_whitespace) {
                return Err(format!("Unclosed end tag at byte offset {at}"));
            }
            if !name.is_empty() && name != tag.name {
                let expected = tag.name;
                return Err(format!(
                    "Unmatched end tag at byte offset {at}, expected \"</{expected}>\", found \"</{name}>\""
                ));
            }
            if length > tag.offset {
                let mut entity = tag.entity;
                if entity["type"] == "text_link" && entity["url"].is_null() {
                    entity["url"] = json!(text[tag.place..]);
                }
                entity["offset"] = json!(tag.offset);
                entity["length"] = json!(length - tag.offset);
                entities.push(entity);
            }
            rest = &rest[end + 1..];
        } else if next == '<' {
            let (name, entity, used) = start_tag(rest, at)?;
            open.push(Open { name, entity, offset: length, place: text.len() });
            rest = &rest[used..];
        } else {
            let (character, used) = character(rest).unwrap_or((next, next.len_utf8()));
            text.push(character);
            length += character.len_utf16();
            rest = &rest[used..];
        }
    }
    if let Some(tag) = open.pop() {
        return Err(format!("Can't find end tag corresponding to start tag \"{}\"", tag.name));
    }
    entities.sort_by_key(|entity| (entity["offset"].as_u64(), std::cmp::Reverse(entity["length"].as_u64())));
    Ok(Formatted { text, entities })
}

/// The name, the entity without its place, and how many bytes of `rest` the tag takes.
fn start_tag(rest: &str, at: usize) -> Result<(String, Value, usize), String> {
    let name_end = rest.find(|c: char| c.is_ascii_whitespace() || c == '>');
    let Some(name_end) = name_end else { return Err(format!("Unclosed start tag at byte offset {at}")) };
    let name = rest[1..name_end].to_ascii_lowercase();
    let kind = match name.as_str() {
        "b" | "strong" => "bold",
        "i" | "em" => "italic",
        "u" | "ins" => "underline",
        "s" | "strike" | "del" => "strikethrough",
        "a" => "text_link",
        "code" => "code",
        "pre" => "pre",
        "blockquote" => "blockquote",
        "tg-spoiler" | "span" => "spoiler",
        "tg-emoji" => "custom_emoji",
        _ => return Err(format!("Unsupported start tag \"{name}\" at byte offset {at}")),
    };
    let mut entity = json!({"type": kind});
    let unclosed = || format!("Unclosed start tag \"{name}\" at byte offset {at}");
    let mut used = name_end;
    let mut class = String::new();
    loop {
        let tail = &rest[used..];
        let skipped = tail.len() - tail.trim_start().len();
        let tail = &tail[skipped..];
        used += skipped;
        if tail.starts_with('>') {
            break;
        }
        let end =
            tail.find(|c: char| c.is_ascii_whitespace() || c == '=' || c == '>').ok_or_else(unclosed)?;
        let attribute = &tail[..end];
        if attribute.is_empty() {
            return Err(format!("Empty attribute name in the tag \"{name}\" at byte offset {at}"));
        }
        used += end;
        if !tail[end..].starts_with('=') {
            if attribute == "expandable" && kind == "blockquote" {
                entity["type"] = json!("expandable_blockquote");
            }
            continue;
        }
        let (value, length) = attribute_value(&tail[end + 1..]).ok_or_else(unclosed)?;
        used += 1 + length;
        match (kind, attribute) {
            ("text_link", "href") => entity["url"] = json!(value),
            ("custom_emoji", "emoji-id") => entity["custom_emoji_id"] = json!(value),
            ("code", "class") => entity["language"] = json!(value.trim_start_matches("language-")),
            ("spoiler", "class") => class = value,
            _ => {}
        }
    }
    if name == "span" && class != "tg-spoiler" {
        return Err(format!("Tag \"span\" must have class \"tg-spoiler\" at byte offset {at}"));
    }
    if kind == "custom_emoji"
        && entity["custom_emoji_id"].as_str().is_none_or(|id| id.parse::<u64>().is_err())
    {
        return Err("Invalid custom emoji identifier specified".to_owned());
    }
    Ok((name, entity, used + 1))
}

/// What follows the equals sign: the value and its length with the quotes.
fn attribute_value(tail: &str) -> Option<(String, usize)> {
    let quote = tail.chars().next()?;
    if quote != '"' && quote != '\'' {
        let end = tail.find(|c: char| c.is_ascii_whitespace() || c == '>')?;
        return Some((tail[..end].to_owned(), end));
    }
    let end = tail[1..].find(quote)? + 1;
    let mut value = String::new();
    let mut raw = &tail[1..end];
    while let Some(next) = raw.chars().next() {
        let (character, used) = character(raw).unwrap_or((next, next.len_utf8()));
        value.push(character);
        raw = &raw[used..];
    }
    Some((value, end + 1))
}

/// The character that an entity at the beginning of `rest` stands for, and the entity's length.
fn character(rest: &str) -> Option<(char, usize)> {
    let body = rest.strip_prefix('&')?;
    let end = body.find(|c: char| !c.is_ascii_alphanumeric() && c != '#').unwrap_or(body.len());
    let name = &body[..end];
    let found = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => digits.parse(),
            };
            char::from_u32(code.ok()?).filter(|character| *character != '\0')?
        }
    };
    let semicolon = usize::from(body[end..].starts_with(';'));
    Some((found, 1 + end + semicolon))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(source: &str) -> String {
        parse(source).expect_err("this is not markup")
    }

    #[test]
    fn markup_becomes_entities_in_utf_16_units() {
        let read = parse("🛠 <b>a<i>b</i></b> <a href=\"https://x.y/?a=1&amp;b=2\">go</a> &lt;&#169;&euro;")
            .expect("read");
        assert_eq!(read.text, "🛠 ab go <©&euro;");
        assert_eq!(
            read.entities,
            [
                json!({"type": "bold", "offset": 3, "length": 2}),
                json!({"type": "italic", "offset": 4, "length": 1}),
                json!({"type": "text_link", "url": "https://x.y/?a=1&b=2", "offset": 6, "length": 2}),
            ]
        );
    }

    #[test]
    fn what_is_not_markup_is_refused_with_its_place() {
        assert_eq!(
            refused("1 < 2"),
            "Unclosed start tag at byte offset 2"
                .replace("Unclosed", "Unsupported")
                .replace("tag at", "tag \"\" at")
        );
        assert_eq!(refused("ю <div>x</div>"), "Unsupported start tag \"div\" at byte offset 3");
        assert_eq!(refused("<b>x"), "Can't find end tag corresponding to start tag \"b\"");
        assert_eq!(refused("x</b>"), "Unexpected end tag at byte offset 1");
        assert_eq!(
            refused("<b><i>x</b></i>"),
            "Unmatched end tag at byte offset 7, expected \"</i>\", found \"</b>\""
        );
        assert_eq!(refused("<b"), "Unclosed start tag at byte offset 0");
        assert_eq!(refused("<a href=\"x>y</a>"), "Unclosed start tag \"a\" at byte offset 0");
        assert_eq!(refused("<span>x</span>"), "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0");
    }

    #[test]
    fn spaces_around_a_text_move_its_entities() {
        let read = parse("\n <b> x </b> ").expect("read").trimmed();
        assert_eq!(read.text, "x");
        assert_eq!(read.entities, [json!({"type": "bold", "offset": 0, "length": 1})]);
    }
}
