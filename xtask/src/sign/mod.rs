//! Windows' signatures: of images (Authenticode) and of driver packages (catalogs).

pub mod catalog;
pub mod certificate;
pub mod image;
mod indirect_data;
pub mod kept;
mod signed_data;
pub mod signer;
#[cfg(test)]
pub mod tests;
