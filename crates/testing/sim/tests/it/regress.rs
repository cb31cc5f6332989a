//! Sessions that once failed.
//!
//! `cargo xtask sim` shrinks a session that fails and prints it as it stands here: the seed draws the network, the
//! actions are those without which it does not fail. The actions are kept and not only the seed, because another
//! way to draw them would make another session of the seed. `why` says what was wrong, in one sentence. An entry stays
//! for good; if an action changes its meaning, mend the entry so that it still fails on the old code.

use hyperfeed_testing_sim::{Action, Scenario};

struct Kept {
    why: &'static str,
    seed: u64,
    actions: &'static [Action],
}

#[test]
fn sessions_that_once_failed_end_well() {
    for kept in ONCE_FAILED {
        let scenario = Scenario {
            seed: kept.seed,
            actions: kept.actions.to_vec(),
        };
        if let Err(failure) = scenario.run(false) {
            panic!(
                "seed {} again, {}: {}",
                kept.seed, kept.why, failure.violation
            );
        }
    }
}

const ONCE_FAILED: &[Kept] = &[
    Kept {
        why: "a get was left waiting for a block that a failed commit had stored all the same",
        seed: 3693,
        actions: &[
            Action::Connect {
                a: 13467141169239166131,
                b: 11415745300843622842,
                quality: 3346688488721185102,
            },
            Action::Wait { ms: 1471 },
            Action::Get {
                host: 17234754591911440632,
                feed: 17651166024378814893,
                block: 6481429930012811228,
            },
            Action::Connect {
                a: 7116463705031027019,
                b: 13609969265301047476,
                quality: 1372979642077825286,
            },
            Action::Trouble {
                host: 318089584141824904,
                what: 14075525801981284397,
                after: 0,
            },
            Action::Wait { ms: 1357 },
        ],
    },
    Kept {
        why: "nobody else was asked for a block whose sender was dropped for it",
        seed: 2734,
        actions: &[
            Action::Get {
                host: 5941378452169815971,
                feed: 722582821689934826,
                block: 4162461045022636447,
            },
            Action::Besiege {
                host: 8704755541431829678,
                mood: 54093312044739372,
            },
            Action::Cut {
                link: 16848643778023308409,
            },
            Action::Restart {
                host: 13287476791166457172,
            },
            Action::HalfOpen {
                link: 7304088005306024823,
            },
            Action::Get {
                host: 5757747555687434097,
                feed: 1783037323603983834,
                block: 2813458557422041296,
            },
            Action::Stall {
                link: 4093774983503478613,
                ms: 1892,
            },
            Action::Crash {
                host: 4323629269064827416,
            },
            Action::Append {
                feed: 15590710575547018350,
                count: 7,
                size: 218,
                class: 3888604045094153444,
            },
            Action::Restart {
                host: 11636219825288720098,
            },
            Action::Besiege {
                host: 8744819560532395551,
                mood: 3977537667933393425,
            },
            Action::Restart {
                host: 6460885703168456026,
            },
            Action::Connect {
                a: 10318896465239068868,
                b: 6477247478510135845,
                quality: 1481839170912265662,
            },
            Action::Connect {
                a: 13859178969928704232,
                b: 13135197510555675526,
                quality: 5528844663657604290,
            },
            Action::Restart {
                host: 18287650140819904094,
            },
            Action::Wait { ms: 198 },
            Action::Besiege {
                host: 13107289284026787222,
                mood: 15690036784494800313,
            },
            Action::Heal {
                host: 16603069396735570215,
            },
            Action::Cut {
                link: 16013625121363121301,
            },
            Action::Restart {
                host: 1860720140194783259,
            },
            Action::Download {
                host: 51881764704906473,
                feed: 15678062671248986778,
                start: 17107069454760307198,
                count: 7,
            },
            Action::Get {
                host: 17598210468904353764,
                feed: 15667639261497920188,
                block: 423108605241405848,
            },
            Action::Restart {
                host: 15691397876068953064,
            },
            Action::Get {
                host: 12432736646557070587,
                feed: 8236177601325339677,
                block: 17896643774856206289,
            },
            Action::Get {
                host: 967905880777438883,
                feed: 11375867683699557587,
                block: 11491093271469200774,
            },
            Action::Restart {
                host: 3674748303020064561,
            },
            Action::Connect {
                a: 2295552279497156674,
                b: 3515056528317510221,
                quality: 5113915970196155770,
            },
            Action::Connect {
                a: 17286812561434515851,
                b: 5232661875575811171,
                quality: 14416676436298053759,
            },
            Action::Trouble {
                host: 6005662258965512801,
                what: 16909056193123342275,
                after: 5,
            },
            Action::Append {
                feed: 13934339198429196494,
                count: 4,
                size: 327,
                class: 5633281832034126806,
            },
            Action::Append {
                feed: 8639530180187392584,
                count: 10,
                size: 319,
                class: 14984584795718664986,
            },
            Action::Append {
                feed: 200629723566697365,
                count: 4,
                size: 396,
                class: 14655737795522911031,
            },
            Action::Connect {
                a: 14753276667278465441,
                b: 8933331708472123459,
                quality: 17888432084368167117,
            },
            Action::Connect {
                a: 14384878377382696289,
                b: 10291069785237774751,
                quality: 13164712823395341743,
            },
            Action::Connect {
                a: 9898507504083198712,
                b: 16682803458046481451,
                quality: 6184556171813190012,
            },
            Action::Besiege {
                host: 17253401520826803613,
                mood: 10547156558761017583,
            },
            Action::Restart {
                host: 2560226434886165912,
            },
            Action::Besiege {
                host: 15164350710811217748,
                mood: 11722153590042768751,
            },
            Action::Connect {
                a: 9913695026112350178,
                b: 16886963142736364282,
                quality: 10542334574133339071,
            },
            Action::Append {
                feed: 9206367058022608781,
                count: 8,
                size: 60,
                class: 6195552240327607885,
            },
            Action::HalfOpen {
                link: 11960634360237513201,
            },
            Action::Connect {
                a: 15593629783287450141,
                b: 12721172230077975751,
                quality: 1285138900604500731,
            },
            Action::Trouble {
                host: 2979060324090740875,
                what: 14407550589490243899,
                after: 3,
            },
            Action::Besiege {
                host: 10450262250514458438,
                mood: 4072007555881326939,
            },
            Action::Wait { ms: 5808 },
            Action::Share {
                link: 14039768358709834542,
                feed: 220347491197291068,
                shared: false,
            },
            Action::Pause {
                link: 5282640812162270091,
                feed: 7609760693492690771,
                paused: true,
            },
        ],
    },
];
