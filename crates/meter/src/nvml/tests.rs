//! Tests of NVIDIA cards with scripted answers.

use super::*;

/// Energy and power of each card.
struct Scripted(Vec<(Result<u64, String>, Result<u32, String>)>);

impl Cards for Scripted {
    fn driver(&self) -> String {
        "550.54".into()
    }
    fn count(&self) -> Result<u32, String> {
        Ok(self.0.len() as u32)
    }
    fn name(&self, card: u32) -> Result<String, String> {
        Ok(format!("Card {card}"))
    }
    fn uuid(&self, card: u32) -> Result<String, String> {
        Ok(format!("GPU-{card}"))
    }
    fn of_part(&self, _part: &str) -> Option<u32> {
        None
    }
    fn millijoules(&self, card: u32) -> Result<u64, String> {
        self.0[card as usize].0.clone()
    }
    fn milliwatts(&self, card: u32) -> Result<u32, String> {
        self.0[card as usize].1.clone()
    }
    fn bus(&self, card: u32) -> Option<String> {
        (card > 0).then(|| format!("00000000:0{card}:00.0"))
    }
    fn state(&self, card: u32) -> CardState {
        CardState { limit: Some(Watts(f64::from(card) * 100.0)), ..CardState::default() }
    }
    fn processes(&self, card: u32) -> Option<Vec<u32>> {
        (card > 0).then(|| vec![4711])
    }
}

/// All that is found where nothing hides cards.
fn found(cards: Result<Arc<dyn Cards>, NoCards>) -> Found {
    discover(cards, &CardChoice::default(), Path::new("/nowhere"))
}

#[test]
fn what_holds_a_card_back_is_named() {
    assert!(held_back(ThrottleReasons::GPU_IDLE).is_empty());
    assert_eq!(held_back(ThrottleReasons::SW_POWER_CAP | ThrottleReasons::GPU_IDLE), ["sw power cap"]);
    let mut found = found(Ok(Arc::new(Scripted(vec![(Ok(1), Ok(1)), (Ok(1), Ok(1))]))));
    let states: Vec<_> = found.readable.iter_mut().map(|card| card.card().unwrap()).collect();
    let told: Vec<_> = states.iter().map(|state| (state.limit, state.unseen_processes)).collect();
    // A driver may not tell who computes.
    assert_eq!(told, [(Some(Watts(0.0)), None), (Some(Watts(100.0)), Some(1))]);
    assert!(found.readable[1].facts().source.contains("GPU-1 at 00000000:01:00.0"));
}

fn refused<T>() -> Result<T, String> {
    Err("not supported".into())
}

#[test]
fn the_counter_is_preferred_then_power_then_nothing_with_the_reason() {
    let cards =
        vec![(Ok(5_000), Ok(90_000)), (refused(), Ok(61_500)), (Ok(0), Ok(70_000)), (refused(), Ok(0))];
    let mut found = found(Ok(Arc::new(Scripted(cards))));
    let read: Vec<_> = found
        .readable
        .iter_mut()
        .map(|card| (card.domain().to_string(), card.facts().kind, card.read().unwrap()))
        .collect();
    // 5,000 mJ are 5,000,000 uJ; 61,500 mW are 61.5 W.
    assert_eq!(
        read,
        [
            (
                "gpu-0".into(),
                Kind::Counter,
                Reading::Counter { microjoules: 5_000_000, range_microjoules: None }
            ),
            ("gpu-1".into(), Kind::Integrated, Reading::Power(Watts(61.5))),
            ("gpu-2".into(), Kind::Integrated, Reading::Power(Watts(70.0))),
        ]
    );
    let missing = &found.unreadable[0];
    assert_eq!((missing.domain.as_str(), missing.kind), ("gpu-3", Kind::None));
    assert_eq!(missing.note.as_deref(), Some("energy: not supported; power: shows 0"));
    assert!(found.readable[0].facts().source.contains("Card 0 GPU-0, driver 550.54"));
}

/// A file that is no library is there, and broken.
#[test]
fn a_library_that_cannot_be_loaded_is_not_a_missing_one() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("libnvidia-ml.so.1");
    assert!(matches!(open(Some(&file)), Err(NoCards::NoLibrary)));
    std::fs::write(&file, "no library").unwrap();
    assert!(matches!(open(Some(&file)), Err(NoCards::Failed(_))));
}

#[test]
fn no_library_and_no_card_are_described_and_never_fail() {
    for (cards, reason) in [
        (Err(NoCards::NoLibrary), "no libnvidia-ml"),
        (Ok(Arc::new(Scripted(vec![])) as Arc<dyn Cards>), "no card"),
    ] {
        let found = found(cards);
        assert!(found.readable.is_empty());
        assert_eq!(found.unreadable[0].domain, "gpu");
        assert!(found.unreadable[0].note.as_ref().unwrap().contains(reason));
    }
}

/// A card that is plugged in wants a driver; in a container, that of its host.
#[test]
fn a_card_without_a_driver_is_told_with_the_remedy() {
    let root = tempfile::TempDir::new().unwrap();
    let plug = |address: &str, vendor: &str, class: &str| {
        let device = root.path().join("sys/bus/pci/devices").join(address);
        std::fs::create_dir_all(&device).unwrap();
        std::fs::write(device.join("vendor"), vendor).unwrap();
        std::fs::write(device.join("class"), class).unwrap();
    };
    let told = || {
        let found = discover(Err(NoCards::NoLibrary), &CardChoice::default(), root.path());
        let facts = found.unreadable[0].clone();
        assert_eq!((facts.domain.as_str(), facts.status), ("gpu", SourceStatus::Absent));
        (facts.note.unwrap(), facts.fix)
    };
    // Another maker's card, and the sound of one of NVIDIA's.
    plug("0000:00:02.0", "0x8086\n", "0x030000\n");
    plug("0000:01:00.1", "0x10de\n", "0x040300\n");
    let (why, fix) = told();
    assert!(!why.contains("kernel") && fix.is_none(), "{why}: {fix:?}");
    plug("0000:41:00.0", "0x10de\n", "0x030200\n");
    plug("0000:01:00.0", "0x10de\n", "0x030000\n");
    let (why, fix) = told();
    assert!(why.ends_with("a card at 0000:01:00.0, 0000:41:00.0"), "{why}");
    assert!(fix.unwrap().starts_with("sudo apt install nvidia-driver"));
    std::fs::write(root.path().join(".dockerenv"), "").unwrap();
    assert!(told().1.unwrap().starts_with("docker run --gpus all"));
}

#[test]
fn a_lost_card_is_a_failed_reading() {
    let mut card = Card {
        facts: SourceFacts::readable("gpu-0", Kind::Counter, ""),
        cards: Arc::new(Scripted(vec![(Err("GPU is lost".into()), refused())])),
        index: 0,
        root: PathBuf::new(),
    };
    assert_eq!(card.read().unwrap_err().to_string(), "gpu-0: GPU is lost");
}

#[test]
fn names_carry_the_driver() {
    let cards = Scripted(vec![(refused(), refused()), (refused(), refused())]);
    assert_eq!(names(&cards), ["Card 0, driver 550.54", "Card 1, driver 550.54"]);
}

fn choice(visible: &str) -> CardChoice {
    CardChoice { visible: Some(visible.into()), order: None }
}

#[test]
fn hidden_cards_are_described_and_not_missed() {
    let cards = || -> Result<Arc<dyn Cards>, NoCards> {
        Ok(Arc::new(Scripted(vec![(Ok(5), Ok(1)), (refused(), refused()), (Ok(7), Ok(1))])))
    };
    let found = discover(cards(), &choice("2"), Path::new("/nowhere"));
    let read: Vec<_> = found.readable.iter().map(|card| card.domain()).collect();
    // The first card for CUDA keeps the number of the driver.
    assert_eq!(read, ["gpu-2"]);
    for (facts, domain) in found.unreadable.iter().zip(["gpu-0", "gpu-1"]) {
        assert_eq!(
            (facts.domain.as_str(), facts.status, facts.belongs),
            (domain, SourceStatus::Absent, false)
        );
        assert_eq!(facts.note.as_deref(), Some("hidden by CUDA_VISIBLE_DEVICES"));
        assert!(facts.source.contains("GPU-"), "{facts:?}");
    }
    let none = discover(cards(), &choice(""), Path::new("/nowhere"));
    assert!(none.readable.is_empty() && none.unreadable.iter().all(|facts| !facts.belongs));
    // One that is visible and does not answer is missed.
    let broken = discover(cards(), &choice("GPU-1"), Path::new("/nowhere"));
    assert!(broken.readable.is_empty());
    let missed: Vec<_> = broken.unreadable.iter().filter(|facts| facts.belongs).collect();
    assert_eq!((missed.len(), missed[0].domain.as_str()), (1, "gpu-1"));
}

#[test]
fn a_driver_that_fails_is_missed_unless_no_card_may_be_used() {
    let failed = || Err(NoCards::Failed("driver/library version mismatch".into()));
    let broken = found(failed());
    assert_eq!(
        (broken.unreadable[0].domain.as_str(), broken.unreadable[0].status),
        ("gpu-0", SourceStatus::Broken)
    );
    let hidden = discover(failed(), &choice("-1"), Path::new("/nowhere"));
    assert_eq!(
        (hidden.unreadable[0].domain.as_str(), hidden.unreadable[0].status),
        ("gpu", SourceStatus::Absent)
    );
    assert!(hidden.unreadable[0].note.as_ref().unwrap().contains("mismatch"));
}

/// What is doubtful about the choice stands with the cards that it left.
#[test]
fn doubts_are_noted() {
    let cards = Scripted(vec![(Ok(5), Ok(1)), (Ok(7), Ok(1))]);
    let found = discover(Ok(Arc::new(cards)), &choice("0"), Path::new("/nowhere"));
    let note = found.readable[0].facts().note.clone().unwrap();
    assert!(note.contains("CUDA_DEVICE_ORDER"), "{note}");
}
