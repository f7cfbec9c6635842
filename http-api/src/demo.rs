//! What `--demo` prints: a key, and three lines that really work.

use rental_app::seed_demo;
use rental_core::{NumberState, Rentals, ServiceError};

/// Fills the shop; answers the text that explains it.
///
/// # Errors
/// [`ServiceError`] when the shop cannot be changed.
pub(crate) async fn prepare(rentals: &dyn Rentals, url: &str) -> Result<String, ServiceError> {
    let demo = seed_demo(rentals).await?;
    let mut free = None;
    for number in demo.numbers {
        if rentals.number(number).await?.state() == NumberState::Available {
            free = Some(number);
            break;
        }
    }
    let number = free.map_or_else(|| "+888…".to_owned(), |number| number.to_string());
    let key = demo.api_key;
    let call = format!("curl -s -H 'Authorization: Bearer {key}'");
    let json = "-H 'Content-Type: application/json'";
    Ok(format!(
        r#"
This is a demo shop in the sandbox: toy coins only.

API key (of the integrator demo):  {key}
Documentation:                     {url}/docs

1. List the numbers that can be rented:
{call} '{url}/v1/numbers?state=available'

2. Open an invoice for one of them:
{call} {json} -d '{{"number":"{number}","term_days":30,"customer":"alice"}}' {url}/v1/invoices

3. Pay the newest open invoice in the sandbox; a few seconds later the number is rented:
curl -s {json} -d "{{\"invoice\":\"$({call} '{url}/v1/invoices?status=open&limit=1' | grep -o 'inv_[0-9A-Z]*' | head -n 1)\"}}" {url}/sandbox/pay
"#
    ))
}
