//! A package into whose catalog somebody has put a certificate that signed nothing: the bag of certificates
//! is not signed, so the catalog stays whole.

use std::fs;
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{CertificateSet, SignedData};
use der::asn1::{Any, SetOfVec};
use der::{Decode, Encode};
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::{Signature, SigningKey};
use rsa::rand_core::OsRng;
use rsa::sha2::Sha256;
use rsa::signature::Keypair;
use x509_cert::builder::{Builder, CertificateBuilder, Profile};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::{Time, Validity};

use crate::failure::Failure;

const KEY_BITS: usize = 2048;
const LIFE: Duration = Duration::from_hours(24);

/// Puts a certificate that may issue others into catalog and certificate file of the package in `folder`.
///
/// # Errors
/// If the package has no catalog that can be read.
pub fn smuggle(folder: &Path) -> Result<(), Failure> {
    let catalog = folder.join("midiuart.cat");
    let bytes = fs::read(&catalog).map_err(Failure::at(&catalog))?;
    let (catalog_with, certificate) =
        with_authority(&bytes).map_err(|error| Failure::about(&catalog, &error.to_string()))?;
    fs::write(&catalog, catalog_with).map_err(Failure::at(&catalog))?;
    let file = folder.join("midiuart.cer");
    fs::write(&file, certificate).map_err(Failure::at(&file))
}

fn with_authority(catalog: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Box<dyn std::error::Error>> {
    let key = SigningKey::<Sha256>::new(RsaPrivateKey::new(&mut OsRng, KEY_BITS)?);
    let now = SystemTime::now();
    let authority = CertificateBuilder::new(
        Profile::Root,
        SerialNumber::from(7_u32),
        Validity {
            not_before: Time::try_from(now - LIFE)?,
            not_after: Time::try_from(now + LIFE)?,
        },
        Name::from_str("CN=Smuggled Authority")?,
        SubjectPublicKeyInfoOwned::from_key(key.verifying_key())?,
        &key,
    )?
    .build::<Signature>()?;
    let mut info = ContentInfo::from_der(catalog)?;
    let mut data: SignedData = info.content.decode_as()?;
    let mut bag = data
        .certificates
        .take()
        .map(|it| it.0.into_vec())
        .unwrap_or_default();
    bag.push(CertificateChoices::Certificate(authority.clone()));
    data.certificates = Some(CertificateSet(SetOfVec::try_from(bag)?));
    info.content = Any::encode_from(&data)?;
    Ok((info.to_der()?, authority.to_der()?))
}
