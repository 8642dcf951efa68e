//! Windows' signatures: of images (Authenticode) and of driver packages (catalogs).

pub mod catalog;
pub mod certificate;
pub mod image;
mod indirect_data;
mod signed_data;
#[cfg(test)]
pub mod tests;
