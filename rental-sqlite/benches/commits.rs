//! How many rentals a second the store takes.

fn main() {}
