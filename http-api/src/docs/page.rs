//! The documentation page, rendered from the OpenAPI description.

use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

use crate::problem::CODES;

/// The page for this description.
pub(super) fn render(description: &Value) -> Markup {
    let server = text(&description["servers"][0]["url"]);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (text(&description["info"]["title"])) }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/assets/page.css";
            }
            body {
                main {
                    h1 { (text(&description["info"]["title"])) }
                    @for paragraph in text(&description["info"]["description"]).split("\n\n") {
                        p { (prose(paragraph)) }
                    }
                    p { "For programs: " a href="/openapi.json" { "openapi.json" } ", OpenAPI " (text(&description["openapi"])) "." }
                    (contents(description))
                    @for tag in list(&description["tags"]) {
                        (section(description, tag, server))
                    }
                    (shapes(description))
                    (codes())
                }
            }
        }
    }
}

/// Operations of a tag: method, path, operation.
fn operations<'a>(
    description: &'a Value,
    tag: &'a Value,
) -> impl Iterator<Item = (&'a str, &'a str, &'a Value)> {
    let paths = description["paths"].as_object().into_iter().flatten();
    paths
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().into_iter().flatten();
            methods.map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
        })
        .filter(|(_, _, operation)| operation["tags"][0] == tag["name"])
}

fn contents(description: &Value) -> Markup {
    html! {
        nav aria-label="Contents" {
            div.scroll { table {
                @for tag in list(&description["tags"]) {
                    @for (method, path, operation) in operations(description, tag) {
                        tr {
                            td.method { (method.to_uppercase()) }
                            td { a href={ "#" (anchor(method, path)) } { code { (path) } } }
                            td { (text(&operation["summary"])) }
                        }
                    }
                }
            } }
            p { a href="#shapes" { "Shapes" } ", " a href="#codes" { "codes of refusals" } "." }
        }
    }
}

fn section(description: &Value, tag: &Value, server: &str) -> Markup {
    html! {
        @if operations(description, tag).next().is_some() {
            h2 { (text(&tag["name"])) }
            p { (text(&tag["description"])) }
            @for (method, path, operation) in operations(description, tag) {
                h3 id=(anchor(method, path)) { (text(&operation["summary"])) }
                p { span.method { (method.to_uppercase()) } " " code { (path) } }
                p { (prose(text(&operation["description"]))) }
                @if !list(&operation["parameters"]).is_empty() {
                    div.scroll { table {
                        tr { th { "Parameter" } th { "In" } th { "Meaning" } }
                        @for parameter in list(&operation["parameters"]) {
                            tr {
                                td { code { (text(&parameter["name"])) } }
                                td { (text(&parameter["in"])) }
                                td { (prose(text(&parameter["description"]))) }
                            }
                        }
                    } }
                }
                (body(operation))
                div.scroll { table {
                    tr { th { "Status" } th { "Meaning" } th { "Body" } }
                    @for (status, response) in operation["responses"].as_object().into_iter().flatten() {
                        tr {
                            td { (status) }
                            td { (prose(text(&response["description"]))) }
                            td { (shape_of(&response["content"])) }
                        }
                    }
                } }
                pre tabindex="0" { code { (curl(description, server, method, path, operation)) } }
            }
        }
    }
}

fn body(operation: &Value) -> Markup {
    let content = &operation["requestBody"]["content"];
    html! {
        @if content.is_object() { p { "Body: " (shape_of(content)) } }
    }
}

/// A link to the shape of a body.
fn shape_of(content: &Value) -> Markup {
    let media = content.as_object().and_then(|content| content.values().next());
    let schema = media.map_or("", |media| text(&media["schema"]["$ref"]));
    let name = schema.rsplit('/').next().unwrap_or_default();
    html! {
        @if !name.is_empty() { a href={ "#shape-" (name) } { (name.replace('_', " of ")) } }
    }
}

fn shapes(description: &Value) -> Markup {
    html! {
        h2 id="shapes" { "Shapes" }
        @for (name, schema) in description["components"]["schemas"].as_object().into_iter().flatten() {
            h3 id={ "shape-" (name) } { (name.replace('_', " of ")) }
            p { (prose(text(&schema["description"]))) }
            div.scroll { table {
                tr { th { "Field" } th { "Meaning" } th { "Example" } }
                @for (field, about) in schema["properties"].as_object().into_iter().flatten() {
                    tr {
                        td { code { (field) } }
                        td { (prose(text(&about["description"]))) }
                        td { @if !example(schema, field, about).is_null() { code { (example(schema, field, about)) } } }
                    }
                }
            } }
        }
    }
}

fn example<'a>(schema: &'a Value, field: &str, about: &'a Value) -> &'a Value {
    let own = &about["example"];
    if own.is_null() { &schema["example"][field] } else { own }
}

fn codes() -> Markup {
    html! {
        h2 id="codes" { "Codes of refusals" }
        p { "Every refusal is a problem document (RFC 9457). Compare its " code { "code" } "; the texts are for people." }
        div.scroll { table {
            tr { th { "Code" } th { "Status" } th { "Meaning" } }
            @for (code, status, meaning) in CODES {
                tr id=(code) { td { code { (code) } } td { (status) } td { (meaning) } }
            }
        } }
    }
}

/// A line that calls the operation with the examples of its parameters.
fn curl(description: &Value, server: &str, method: &str, path: &str, operation: &Value) -> String {
    let mut address = path.to_owned();
    for parameter in list(&operation["parameters"]) {
        let name = format!("{{{}}}", text(&parameter["name"]));
        address = address.replace(&name, text(&parameter["example"]));
    }
    let mut line = "curl".to_owned();
    if operation["security"].is_null() {
        line.push_str(" -H \"Authorization: Bearer $API_KEY\"");
    }
    if method != "get" && (method != "post" || !operation["requestBody"].is_object()) {
        line.push_str(" -X ");
        line.push_str(&method.to_uppercase());
    }
    let reference = text(&operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]);
    if let Some(name) = reference.rsplit('/').next().filter(|name| !name.is_empty()) {
        let example = &description["components"]["schemas"][name]["example"];
        line = format!("{line} -H 'Content-Type: application/json' \\\n  -d '{example}'");
    }
    format!("{line} \\\n  '{server}{address}'")
}

fn anchor(method: &str, path: &str) -> String {
    format!("{method}{}", path.replace(['/', '{', '}'], "-"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A text with `code` in back-quotes.
fn prose(text: &str) -> Markup {
    html! {
        @for (i, part) in text.split('`').enumerate() {
            @if i % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}
