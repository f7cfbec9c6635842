//! Compiles the standing clock, a small library that is loaded before a server's own.

use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    let source = "src/standing_clock.c";
    println!("cargo::rerun-if-changed={source}");
    let library =
        PathBuf::from(env::var_os("OUT_DIR").expect("cargo names the folder")).join("standing_clock.so");
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&library)
        .arg(source)
        .status()
        .expect("a C compiler is not installed; apt-get install gcc libc6-dev");
    assert!(status.success(), "the C compiler refused {source}");
}
