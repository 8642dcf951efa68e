//! Certificates, and the machine's stores of them.

use std::mem;
use std::ptr;
use std::slice;

use windows_sys::Win32::Security::Cryptography::{
    CERT_CONTEXT, CERT_FIND_HASH, CERT_STORE_ADD_NEW, CERT_STORE_CTRL_COMMIT,
    CERT_STORE_PROV_SYSTEM_W, CERT_STORE_READONLY_FLAG, CERT_SYSTEM_STORE_LOCAL_MACHINE,
    CRYPT_INTEGER_BLOB, CertAddEncodedCertificateToStore, CertCloseStore, CertControlStore,
    CertDeleteCertificateFromStore, CertEnumCertificatesInStore, CertFindCertificateInStore,
    CertFreeCertificateContext, CertOpenStore, HCERTSTORE, X509_ASN_ENCODING,
};

use super::wide::wide;
use super::{checked, last_error};
use crate::driver::windows::{Called, Store};

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

/// All that a store has (DER).
pub fn all(store: Store) -> Called<Vec<Vec<u8>>> {
    let store = open(store, CERT_STORE_READONLY_FLAG)?;
    let mut certificates = Vec::new();
    let mut last = ptr::null_mut();
    loop {
        // SAFETY: the store is open; the last certificate is one of it, and is freed by this.
        last = unsafe { CertEnumCertificatesInStore(store.0, last) };
        if last.is_null() {
            return Ok(certificates);
        }
        // SAFETY: the certificate is whole until the next one is asked for.
        certificates.push(unsafe { encoded(last) });
    }
}

/// The bytes (DER) of a certificate that Windows has read.
///
/// # Safety
///
/// The certificate must be whole.
pub unsafe fn encoded(context: *const CERT_CONTEXT) -> Vec<u8> {
    // SAFETY: the caller has a whole certificate.
    let context = unsafe { &*context };
    let length = usize::try_from(context.cbCertEncoded).unwrap_or(0);
    // SAFETY: it has that many bytes, which live as long as it does.
    unsafe { slice::from_raw_parts(context.pbCertEncoded, length) }.to_vec()
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

fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    let pairs = hexadecimal.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
