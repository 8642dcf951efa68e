//! The GUIDs of portcls and kernel streaming that a MIDI driver meets.

use crate::types::GUID;

macro_rules! guids {
    ($($(#[$attribute:meta])* $name:ident = $digits:literal;)+) => {
        $(
            $(#[$attribute])*
            pub const $name: GUID = GUID::from_u128($digits);
        )+

        /// Every GUID of this module with its name, for tests and for traces.
        pub const ALL: &[(&str, GUID)] = &[$((stringify!($name), $name)),+];
    };
}

guids! {
    /// The root of all interfaces.
    IID_IUnknown = 0x00000000_0000_0000_c000_000000000046;
    /// Any miniport.
    IID_IMiniport = 0xb4c90a24_5791_11d0_86f9_00a0c911b544;
    /// Any port driver.
    IID_IPort = 0xb4c90a25_5791_11d0_86f9_00a0c911b544;
    /// The topology port driver.
    IID_IPortTopology = 0xb4c90a30_5791_11d0_86f9_00a0c911b544;
    /// A topology miniport.
    IID_IMiniportTopology = 0xb4c90a31_5791_11d0_86f9_00a0c911b544;
    /// Makes a topology port driver.
    CLSID_PortTopology = 0xb4c90a32_5791_11d0_86f9_00a0c911b544;
    /// The MIDI port driver.
    IID_IPortMidi = 0xb4c90a40_5791_11d0_86f9_00a0c911b544;
    /// A MIDI miniport.
    IID_IMiniportMidi = 0xb4c90a41_5791_11d0_86f9_00a0c911b544;
    /// A stream of a MIDI miniport.
    IID_IMiniportMidiStream = 0xb4c90a42_5791_11d0_86f9_00a0c911b544;
    /// Makes a MIDI port driver.
    CLSID_PortMidi = 0xb4c90a43_5791_11d0_86f9_00a0c911b544;
    /// The built-in UART miniport of old Windows.
    CLSID_MiniportDriverUart = 0xb4c90ae1_5791_11d0_86f9_00a0c911b544;
    /// The built-in FM synthesizer miniport.
    CLSID_MiniportDriverFmSynth = 0xb4c90ae0_5791_11d0_86f9_00a0c911b544;
    /// The built-in FM synthesizer miniport with a volume node.
    CLSID_MiniportDriverFmSynthWithVol = 0xe5a3c139_f0f2_11d1_81af_0060083316c1;
    /// The `DirectMusic` port driver.
    IID_IPortDMus = 0xc096df9c_fb09_11d1_81b0_0060083316c1;
    /// A `DirectMusic` miniport.
    IID_IMiniportDMus = 0xc096df9d_fb09_11d1_81b0_0060083316c1;
    /// Makes a `DirectMusic` port driver.
    CLSID_PortDMus = 0xb7902fe9_fb0a_11d1_81b0_0060083316c1;
    /// The built-in `DirectMusic` UART miniport.
    CLSID_MiniportDriverDMusUART = 0xd3f0ce1c_fffc_11d1_81b0_0060083316c1;
    /// The built-in `DirectMusic` UART capture miniport.
    CLSID_MiniportDriverDMusUARTCapture = 0xd3f0ce1d_fffc_11d1_81b0_0060083316c1;
    /// Allocates `DirectMusic` events.
    IID_IAllocatorMXF = 0xa5f0d62c_b30f_11d2_b7a3_0060083316c1;
    /// A list of hardware resources.
    IID_IResourceList = 0x22c6ac60_851b_11d0_9a7f_00aa0038acfe;
    /// Synchronises with an interrupt.
    IID_IInterruptSync = 0x22c6ac63_851b_11d0_9a7f_00aa0038acfe;
    /// Is called when a service group is notified.
    IID_IServiceSink = 0x22c6ac64_851b_11d0_9a7f_00aa0038acfe;
    /// Passes notifications on to its sinks at `DISPATCH_LEVEL`.
    IID_IServiceGroup = 0x22c6ac65_851b_11d0_9a7f_00aa0038acfe;
    /// A registry key.
    IID_IRegistryKey = 0xe8da4302_f304_11d0_958b_00c04fb925d3;
    /// The adapter's side of power management.
    IID_IAdapterPowerManagement = 0x793417d0_35fe_11d1_ad08_00a0c90ab1b0;
    /// Its second version.
    IID_IAdapterPowerManagement2 = 0xe0f92e5d_67f5_48ee_b57a_7d1e90c5f43d;
    /// Its third version.
    IID_IAdapterPowerManagement3 = 0xa8c7303e_f80c_4bc9_b2e3_fb2d08be920f;
    /// A miniport's or stream's side of power management.
    IID_IPowerNotify = 0x3dd648b8_969f_11d1_95a9_00c04fb925d3;
    /// Takes a subdevice away.
    IID_IUnregisterSubdevice = 0x16738177_e199_41f9_9a87_abb2a5432f21;
    /// Takes a physical connection away.
    IID_IUnregisterPhysicalConnection = 0x6c38e231_2a0d_428d_81f8_07cc428bb9a4;
    /// Counts pins of a miniport.
    IID_IPinCount = 0x5dadb7dc_a2cb_4540_a4a8_425ee4ae9051;
    /// Names pins of a miniport.
    IID_IPinName = 0x29cc9ab1_e89d_413c_b6b2_f6d50005d063;
    /// Sets the technology of a music miniport.
    IID_IMusicTechnology = 0x80396c3c_cbcb_409b_9f65_4f1e7467cdaf;
    /// The adapter's side of `PnP` rebalancing.
    IID_IAdapterPnpManagement = 0x706f2368_4086_47f5_b913_57b76eed1a32;
    /// A miniport's side of `PnP` rebalancing.
    IID_IMiniportPnpNotify = 0x6b735365_9487_464c_93e3_fa2c6391d5a4;
    /// The port class's side of `PnP`.
    IID_IPortClsPnp = 0x0485791b_17f5_4b73_902a_20344860b9ca;

    /// Data format type: music.
    KSDATAFORMAT_TYPE_MUSIC = 0xe725d360_62cc_11cf_a5d6_28db04c10000;
    /// Data format subtype: MIDI bytes.
    KSDATAFORMAT_SUBTYPE_MIDI = 0x1d262760_e957_11cf_a5d6_28db04c10000;
    /// Data format subtype: a MIDI cable.
    KSDATAFORMAT_SUBTYPE_MIDI_BUS = 0x2ca15fa0_6cfe_11cf_a5d6_28db04c10000;
    /// Data format specifier: none.
    KSDATAFORMAT_SPECIFIER_NONE = 0x0f6417d6_c318_11d0_a43f_00a0c9223196;
    /// Music technology: a port to the outside.
    KSMUSIC_TECHNOLOGY_PORT = 0x86c92e60_62e8_11cf_a5d6_28db04c10000;
    /// Interface category of audio filters.
    KSCATEGORY_AUDIO = 0x6994ad04_93ef_11d0_a3cc_00a0c9223196;
    /// Interface category of filters that render.
    KSCATEGORY_RENDER = 0x65e8773e_8f56_11d0_a3b9_00a0c9223196;
    /// Interface category of filters that capture.
    KSCATEGORY_CAPTURE = 0x65e8773d_8f56_11d0_a3b9_00a0c9223196;
    /// Properties of pins.
    KSPROPSETID_Pin = 0x8c134960_51ad_11cf_878a_94f801c10000;
    /// Properties of connections.
    KSPROPSETID_Connection = 0x1d58c920_ac9b_11cf_a5d6_28db04c10000;
    /// Properties of any object.
    KSPROPSETID_General = 0x1464eda5_6a8f_11d1_9aa7_00a0c9223196;
    /// Standard pin interfaces.
    KSINTERFACESETID_Standard = 0x1a8766a0_62ce_11cf_a5d6_28db04c10000;
    /// Standard pin mediums.
    KSMEDIUMSETID_Standard = 0x4747b320_62ce_11cf_a5d6_28db04c10000;
    /// The name "MIDI".
    KSAUDFNAME_MIDI = 0x185fedf8_9905_11d1_95a9_00c04fb925d3;
    /// Node type and interface category of synthesizers.
    KSNODETYPE_SYNTHESIZER = 0xdff220f3_f70f_11d0_b917_00a0c9223196;
    /// The user-mode proxy of kernel streaming filters, named by INF files.
    KS_PROXY_CLSID = 0x17cca71b_ecd7_11d0_b908_00a0c9223196;
}
