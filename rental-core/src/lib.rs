#![doc = "WIP"]
mod clock;
mod gateway;
mod identity;
mod invoice;
mod money;
mod number;
mod payment;
mod term;
pub use clock::*;
pub use gateway::*;
pub use identity::*;
pub use invoice::*;
pub use money::*;
pub use number::*;
pub use payment::*;
pub use term::*;
