//! Certificates, and the machine's stores of them.

use std::fmt::Write;
use std::mem;
use std::ptr;

use windows_sys::Win32::Security::Cryptography::{
    CERT_CONTEXT, CERT_FIND_HASH, CERT_SHA1_HASH_PROP_ID, CERT_STORE_ADD_NEW,
    CERT_STORE_CTRL_COMMIT, CERT_STORE_PROV_SYSTEM_W, CERT_STORE_READONLY_FLAG,
    CERT_SYSTEM_STORE_LOCAL_MACHINE, CRYPT_INTEGER_BLOB, CertAddEncodedCertificateToStore,
    CertCloseStore, CertControlStore, CertCreateCertificateContext, CertDeleteCertificateFromStore,
    CertFindCertificateInStore, CertFreeCertificateContext, CertGetCertificateContextProperty,
    CertOpenStore, CertVerifyTimeValidity, HCERTSTORE, X509_ASN_ENCODING,
};

use super::wide::wide;
use super::{checked, last_error};
use crate::driver::windows::{Called, Certificate, Store, Validity};

const SHA1_SIZE: usize = 20;

/// A store that is open.
struct OpenStore(HCERTSTORE);

impl Drop for OpenStore {
    fn drop(&mut self) {
        // SAFETY: it is open, and nothing uses it any more.
        unsafe { CertCloseStore(self.0, 0) };
    }
}

/// A certificate that Windows has read.
struct Context(*mut CERT_CONTEXT);

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: it is whole, and nothing uses it any more.
        unsafe { CertFreeCertificateContext(self.0) };
    }
}

/// Reads a certificate (DER).
pub fn read(der: &[u8]) -> Called<Certificate> {
    // SAFETY: `der` has that many bytes.
    let context =
        unsafe { CertCreateCertificateContext(X509_ASN_ENCODING, der.as_ptr(), length(der)) };
    if context.is_null() {
        return Err(last_error("CertCreateCertificateContext"));
    }
    let context = Context(context);
    let mut digest = [0_u8; SHA1_SIZE];
    let mut size = length(&digest);
    // SAFETY: the certificate is whole, and `digest` has room for `size` bytes.
    let done = unsafe {
        CertGetCertificateContextProperty(
            context.0,
            CERT_SHA1_HASH_PROP_ID,
            digest.as_mut_ptr().cast(),
            &raw mut size,
        )
    };
    checked("CertGetCertificateContextProperty", done)?;
    // SAFETY: the certificate is whole.
    let info = unsafe { (*context.0).pCertInfo };
    // SAFETY: without a time it is now; what Windows has read of the certificate lives with it.
    let validity = match unsafe { CertVerifyTimeValidity(ptr::null(), info) } {
        0 => Validity::Now,
        ..0 => Validity::NotYet,
        1.. => Validity::Expired,
    };
    Ok(Certificate {
        thumbprint: hexadecimal(&digest),
        validity,
    })
}

/// Whether a store has it.
pub fn has(store: Store, thumbprint: &str) -> Called<bool> {
    let store = open(store, CERT_STORE_READONLY_FLAG)?;
    Ok(find(&store, thumbprint).is_some())
}

/// Puts one (DER) into a store that does not have it.
pub fn add(store: Store, der: &[u8]) -> Called<()> {
    let store = open(store, 0)?;
    // SAFETY: the store is open, `der` has that many bytes, and the new certificate is not wanted.
    let done = unsafe {
        CertAddEncodedCertificateToStore(
            store.0,
            X509_ASN_ENCODING,
            der.as_ptr(),
            length(der),
            CERT_STORE_ADD_NEW,
            ptr::null_mut(),
        )
    };
    checked("CertAddEncodedCertificateToStore", done)
}

/// Takes it out of a store, if it is there.
pub fn remove(store: Store, thumbprint: &str) -> Called<()> {
    let store = open(store, 0)?;
    let Some(context) = find(&store, thumbprint) else {
        return Ok(());
    };
    // SAFETY: the certificate is whole and belongs to the store, which is open.
    let done = unsafe { CertDeleteCertificateFromStore(context.0) };
    // That has freed it, too, be it deleted or not.
    mem::forget(context);
    checked("CertDeleteCertificateFromStore", done)?;
    // Wine 8 writes this only when it is told to; Windows has written it, and may have nothing to do.
    // SAFETY: the store is open, and this needs no parameters.
    unsafe { CertControlStore(store.0, 0, CERT_STORE_CTRL_COMMIT, ptr::null()) };
    Ok(())
}

fn open(store: Store, flags: u32) -> Called<OpenStore> {
    let name = wide(store.name());
    // SAFETY: this kind of store is opened by its name, which ends with a zero.
    let store = unsafe {
        CertOpenStore(
            CERT_STORE_PROV_SYSTEM_W,
            0,
            0,
            CERT_SYSTEM_STORE_LOCAL_MACHINE | flags,
            name.as_ptr().cast(),
        )
    };
    if store.is_null() {
        Err(last_error("CertOpenStore"))
    } else {
        Ok(OpenStore(store))
    }
}

fn find(store: &OpenStore, thumbprint: &str) -> Option<Context> {
    let mut digest = bytes(thumbprint)?;
    let wanted = CRYPT_INTEGER_BLOB {
        cbData: length(&digest),
        pbData: digest.as_mut_ptr(),
    };
    // SAFETY: the store is open; a certificate is looked for by that digest, which lives long enough.
    let context = unsafe {
        CertFindCertificateInStore(
            store.0,
            X509_ASN_ENCODING,
            0,
            CERT_FIND_HASH,
            (&raw const wanted).cast(),
            ptr::null(),
        )
    };
    (!context.is_null()).then(|| Context(context))
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    let pairs = hexadecimal.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
