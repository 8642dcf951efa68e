//! Filters are described correctly, or not at all.

use emulated_pc::{BugCheck, Config, Hardware, boot};
use portcls::descriptors::PCFILTER_DESCRIPTOR;
use portcls::guid::{KSCATEGORY_AUDIO, KSPROPSETID_General, KSPROPSETID_Pin};
use portcls::ks::{
    KSPROPERTY_PIN_CATEGORY, KSPROPERTY_PIN_CTYPES, KSPROPERTY_PIN_DATAINTERSECTION,
    KSPROPERTY_PIN_NAME, KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET,
};
use portcls::status::{
    STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_DEVICE_REQUEST,
    STATUS_INVALID_PARAMETER, STATUS_NO_MATCH, STATUS_NOT_FOUND,
};

use crate::scenario::{run, start};
use crate::test_driver::{
    FILTER_WITH_ODD_ITEMS, FILTER_WITH_WRONG_CONNECTION, FILTER_WITHOUT_CATEGORY, MIDI_RANGE,
    describe_as,
};

#[test]
fn wrong_descriptions_are_refused() {
    let wrong: [(&PCFILTER_DESCRIPTOR, &str); 3] = [
        (&FILTER_WITH_WRONG_CONNECTION, "a pin that there isn't"),
        (&FILTER_WITH_ODD_ITEMS, "can't take 25 bytes"),
        (&FILTER_WITHOUT_CATEGORY, "no category"),
    ];
    for (description, fault) in wrong {
        let ended = boot(Config::default(), move |pc| {
            describe_as(description);
            drop(start(pc, Hardware::software()));
        });
        let stop = ended.expect_err("the machine is to stop");
        assert_eq!(stop.bug_check, BugCheck::DriverVerifierDetectedViolation);
        assert!(stop.reason.contains(fault), "{stop}");
    }
}

fn instance(pin: u8) -> [u8; 8] {
    [pin, 0, 0, 0, 0, 0, 0, 0]
}

#[test]
fn properties_follow_the_protocol_of_sizes() {
    run(|running| {
        let filter = running.filter();
        assert_eq!(filter.pin_count(), 4);
        let pins = filter.pins().expect("all answer");
        let midi: Vec<bool> = pins.iter().map(|pin| pin.is_midi).collect();
        assert_eq!(midi, [true, true, false, false]);
        assert_eq!(filter.pin_name(0).as_deref(), Ok("Out"));
        assert_eq!(filter.pin_name(2), Err(STATUS_INVALID_PARAMETER));
        let set = KSPROPSETID_Pin;
        let get = KSPROPERTY_TYPE_GET;
        for id in [KSPROPERTY_PIN_NAME, KSPROPERTY_PIN_CATEGORY] {
            let ask = |value: &mut [u8]| filter.property_request(set, id, get, &instance(0), value);
            let (status, size) = ask(&mut []);
            assert_eq!(status, STATUS_BUFFER_OVERFLOW);
            assert_eq!(ask(&mut vec![0; size - 1]), (STATUS_BUFFER_TOO_SMALL, size));
            assert_eq!(ask(&mut vec![0; size]), (0, size));
        }
        let mut access = [0; 4];
        let support = KSPROPERTY_TYPE_BASICSUPPORT;
        let asked =
            filter.property_request(set, KSPROPERTY_PIN_NAME, support, &instance(0), &mut access);
        assert_eq!(asked, (0, 4));
        assert_eq!(u32::from_ne_bytes(access), get | support);
        let (status, _) = filter.property_request(
            set,
            KSPROPERTY_PIN_CTYPES,
            KSPROPERTY_TYPE_SET,
            &[],
            &mut [],
        );
        assert_eq!(status, STATUS_INVALID_DEVICE_REQUEST);
        let category = filter.property(set, KSPROPERTY_PIN_CATEGORY, &instance(1), 16);
        let category = category.expect("a category");
        assert_eq!(category[..4], KSCATEGORY_AUDIO.Data1.to_le_bytes());
        assert_eq!(
            filter.property(set, KSPROPERTY_PIN_CATEGORY, &instance(9), 16),
            Err(STATUS_INVALID_PARAMETER)
        );
        assert_eq!(
            filter.property(KSPROPSETID_General, 0, &[], 16),
            Err(STATUS_NOT_FOUND)
        );
        drop(filter);
        running.take_down();
    });
}

#[test]
fn data_ranges_intersect() {
    run(|running| {
        let filter = running.filter();
        // SAFETY: the range is plain data of that size.
        let range: [u8; 96] = unsafe { std::mem::transmute(MIDI_RANGE) };
        let mut instance = instance(0).to_vec();
        instance.extend([104, 0, 0, 0, 1, 0, 0, 0]);
        instance.extend(range);
        let ask = |instance: &[u8], value: &mut [u8]| {
            let id = KSPROPERTY_PIN_DATAINTERSECTION;
            filter.property_request(KSPROPSETID_Pin, id, KSPROPERTY_TYPE_GET, instance, value)
        };
        assert_eq!(ask(&instance, &mut []), (STATUS_BUFFER_OVERFLOW, 64));
        assert_eq!(ask(&instance, &mut [0; 63]), (STATUS_BUFFER_TOO_SMALL, 64));
        let mut format = [0; 64];
        assert_eq!(ask(&instance, &mut format), (0, 64));
        assert_eq!(format[16..], range[16..64]);
        instance[12] = 0;
        assert_eq!(ask(&instance, &mut format), (STATUS_NO_MATCH, 0));
        instance[12] = 2;
        assert_eq!(ask(&instance, &mut format).0, 0, "the first range matches");
        drop(filter);
        running.take_down();
    });
}
