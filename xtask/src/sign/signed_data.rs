//! The envelope of both kinds of signature: PKCS #7's signed data, version 1, with one signer.

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use der::asn1::{Any, ObjectIdentifier, OctetString, SetOfVec};
use der::{Decode, Encode, Tag};
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::attr::Attribute;

use super::certificate::verify;
use super::indirect_data::{SHA256, algorithm};
use super::signer::Signer;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
/// `SPC_STATEMENT_TYPE_OBJID`, and `SPC_INDIVIDUAL_SP_KEY_PURPOSE_OBJID`: somebody of his own.
const STATEMENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.11");
const INDIVIDUAL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.21");
/// `SPC_SP_OPUS_INFO_OBJID`: name and address of the program, left empty.
const OPUS_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.12");

/// Signs a content, which is a DER sequence.
///
/// # Errors
/// If that can't be encoded or signed.
pub fn sign(
    signer: &Signer,
    content_type: ObjectIdentifier,
    content: &[u8],
) -> Result<Vec<u8>, String> {
    let told = |error: der::Error| error.to_string();
    let content = Any::from_der(content).map_err(told)?;
    let attributes = signed_attributes(content_type, &content).map_err(told)?;
    let signature = signer.sign(&attributes.to_der().map_err(told)?)?;
    envelope(signer, content_type, content, attributes, &signature).map_err(told)
}

/// What is signed: the content's digest among it.
fn signed_attributes(
    content_type: ObjectIdentifier,
    content: &Any,
) -> der::Result<SetOfVec<Attribute>> {
    SetOfVec::try_from(vec![
        attribute(CONTENT_TYPE, Any::encode_from(&content_type)?)?,
        attribute(STATEMENT_TYPE, Any::encode_from(&vec![INDIVIDUAL])?)?,
        attribute(OPUS_INFO, Any::new(Tag::Sequence, [])?)?,
        attribute(MESSAGE_DIGEST, Any::new(Tag::OctetString, digest(content))?)?,
    ])
}

fn envelope(
    signer: &Signer,
    content_type: ObjectIdentifier,
    content: Any,
    attributes: SetOfVec<Attribute>,
    signature: &[u8],
) -> der::Result<Vec<u8>> {
    let certificate = &signer.certificate.tbs_certificate;
    let info = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: certificate.issuer.clone(),
            serial_number: certificate.serial_number.clone(),
        }),
        digest_alg: algorithm(SHA256)?,
        signature_algorithm: algorithm(RSA_ENCRYPTION)?,
        signature: OctetString::new(signature)?,
        signed_attrs: Some(attributes),
        unsigned_attrs: None,
    };
    let data = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![algorithm(SHA256)?])?,
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: content_type,
            econtent: Some(content),
        },
        certificates: Some(CertificateSet::try_from(vec![
            CertificateChoices::Certificate(signer.certificate.clone()),
        ])?),
        crls: None,
        signer_infos: SignerInfos::try_from(vec![info])?,
    };
    ContentInfo {
        content_type: SIGNED_DATA,
        content: Any::encode_from(&data)?,
    }
    .to_der()
}

/// The content of what a certificate's key has signed. The certificate is the only one that comes with it:
/// others would not be covered by the signature.
///
/// # Errors
/// If it is nothing like that, or signed by others, or changed, or comes with other certificates.
pub fn verified(
    bytes: &[u8],
    content_type: ObjectIdentifier,
    certificate: &Certificate,
) -> Result<Any, String> {
    let unreadable = |error: der::Error| format!("no signature that can be read: {error}");
    let info = ContentInfo::from_der(bytes).map_err(unreadable)?;
    let data: SignedData = info.content.decode_as().map_err(unreadable)?;
    let [signer] = data.signer_infos.0.as_slice() else {
        return Err("not one signer".to_owned());
    };
    let owner = &certificate.tbs_certificate;
    let SignerIdentifier::IssuerAndSerialNumber(id) = &signer.sid else {
        return Err("the signer is not told by issuer and serial number".to_owned());
    };
    if id.issuer != owner.issuer || id.serial_number != owner.serial_number {
        return Err(format!("signed with another certificate, of {}", id.issuer));
    }
    comes_with_this_only(&data, &info, certificate)?;
    let content = data
        .encap_content_info
        .econtent
        .ok_or("nothing is signed")?;
    let attributes = signer.signed_attrs.as_ref().ok_or("no signed attributes")?;
    let value = |oid| {
        let attribute = attributes.iter().find(|attribute| attribute.oid == oid);
        attribute.and_then(|attribute| attribute.values.get(0).map(Any::value))
    };
    if data.encap_content_info.econtent_type != content_type
        || value(CONTENT_TYPE) != Some(content_type.as_bytes())
    {
        return Err("something else is signed".to_owned());
    }
    if value(MESSAGE_DIGEST) != Some(&digest(&content)) {
        return Err("what is signed was changed".to_owned());
    }
    let bytes = attributes.to_der().map_err(unreadable)?;
    verify(certificate, &bytes, signer.signature.as_bytes())?;
    Ok(content)
}

/// Returns an error unless the bag of certificates, which no signature covers, has just this one, byte by
/// byte.
fn comes_with_this_only(
    data: &SignedData,
    info: &ContentInfo,
    certificate: &Certificate,
) -> Result<(), String> {
    let bag = data.certificates.as_ref();
    let bag = bag.map_or(&[][..], |bag| bag.0.as_slice());
    match bag {
        [CertificateChoices::Certificate(own)] if own == certificate => {}
        [_] => return Err("the signer's certificate is not the package's".to_owned()),
        _ => {
            let count = bag.len();
            return Err(format!("{count} certificates come with it, not one"));
        }
    }
    if data.crls.is_some() {
        return Err("lists of revoked certificates come with it".to_owned());
    }
    // What was decoded is all that there is: the comparison above was one of bytes.
    if Any::encode_from(data).as_ref() == Ok(&info.content) {
        Ok(())
    } else {
        Err("it is not encoded as a signature has to be".to_owned())
    }
}

/// PKCS #7 leaves out the tag and the length of what is signed.
fn digest(content: &Any) -> [u8; 32] {
    Sha256::digest(content.value()).into()
}

/// An attribute with one value.
pub fn attribute(oid: ObjectIdentifier, value: Any) -> der::Result<Attribute> {
    Ok(Attribute {
        oid,
        values: SetOfVec::try_from(vec![value])?,
    })
}
