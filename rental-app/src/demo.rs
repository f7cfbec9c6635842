//! A shop to look around in.

use rental_core::{
    Actor, AdminId, Command, DomainError, Effect, PhoneNumber, Plan, Rentals, Request, Scope, ServiceError,
};

/// What a demo starts with.
#[derive(Debug)]
pub struct Demo {
    /// A fresh API key of the integrator `demo`, shown once.
    pub api_key: String,
    /// The listed numbers.
    pub numbers: Vec<PhoneNumber>,
}

const NUMBERS: [&str; 8] = [
    "+888 0123 4567",
    "+888 0246 8135",
    "+888 0314 1592",
    "+888 0555 0100",
    "+888 0777 7777",
    "+888 0888 0001",
    "+888 8 123",
    "+888 8 808",
];
const PLANS: [&str; 3] = ["7d=3+8usdt", "30d=10+25usdt", "90d=27+68usdt"];

/// Lists a few numbers, unless they are there, and makes an API key for the integrator `demo`.
///
/// # Errors
/// [`ServiceError`] when the shop cannot be changed.
///
/// # Panics
/// Never: the listed numbers, plans and names are valid.
pub async fn seed_demo(service: &dyn Rentals) -> Result<Demo, ServiceError> {
    let admin = Actor::Admin(AdminId::Console("demo".to_owned()));
    let shop = service.shop().await?.shop;
    let offered = |plan: &&str| {
        let plan: Plan = plan.parse().expect("a plan");
        let prices = plan.prices().filter(|price| shop.accepts(price.currency()));
        Plan::new(plan.term(), prices).expect("TON is always taken")
    };
    let plans: Vec<Plan> = PLANS.iter().map(offered).collect();
    let numbers: Vec<PhoneNumber> = NUMBERS.iter().map(|number| number.parse().expect("a number")).collect();
    for number in &numbers {
        let command = Command::AddNumber { number: *number, plans: plans.clone() };
        match service.execute(Request::new(admin.clone(), command)).await {
            Ok(_) | Err(ServiceError::Domain(DomainError::NumberExists)) => {}
            Err(error) => return Err(error),
        }
    }
    let integrator = "demo".parse().expect("a name");
    let command = Command::CreateKey { integrator, scopes: vec![Scope::Read, Scope::Write] };
    match service.execute(Request::new(admin, command)).await?.effect {
        Effect::Key { secret, .. } => Ok(Demo { api_key: secret, numbers }),
        _ => Err(ServiceError::Unexpected),
    }
}
