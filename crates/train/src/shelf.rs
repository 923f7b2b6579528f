//! The images of each run: read or made once, kept for the runs that follow.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use data::digits::{self, Role};
use data::images::Images;
use data::set::SetName;
use data::split::split;
use data::store::{Loaded, Store};
use record::spec::RunPlan;

use crate::error::TrainError;
use crate::fresh::Fresh;

/// Where runs get their images; shared by all runs of a process.
#[derive(Debug)]
pub struct Shelf {
    store: Store,
    sets: Mutex<HashMap<SetName, Arc<Loaded>>>,
    materials: Mutex<HashMap<Key, Arc<Material>>>,
    fresh: Arc<Fresh>,
}

/// What decides which images a run sees.
type Key = (SetName, Option<u64>, u64, u64);

/// The images of one run.
#[derive(Debug)]
pub struct Material {
    /// What it trains on.
    pub training: Training,
    /// What choices are made by; empty when the spec holds none out.
    pub validation: Images,
    /// What is reported.
    pub test: Images,
}

/// Training images: a fixed set, gone through again and again, or fresh ones for ever.
#[derive(Debug)]
pub enum Training {
    /// These images.
    Fixed(Images),
    /// Procedural digits, every image seen once by a run.
    Fresh(Arc<Fresh>),
}

impl Shelf {
    /// A shelf filled from `store`.
    #[must_use]
    pub fn new(store: Store) -> Shelf {
        Shelf { store, sets: Mutex::default(), materials: Mutex::default(), fresh: Arc::default() }
    }

    /// A shelf for a single run: fresh images are not kept.
    #[must_use]
    pub fn for_one_run(store: Store) -> Shelf {
        Shelf { fresh: Arc::new(Fresh::unkept()), ..Shelf::new(store) }
    }

    /// The images of a run.
    ///
    /// # Errors
    /// When the set is missing or damaged.
    pub fn material(&self, plan: &RunPlan) -> Result<Arc<Material>, TrainError> {
        let spec = &plan.spec;
        let key = (spec.data, spec.examples, spec.validation_images, plan.test_images);
        // The lock is held while making, so that runs side by side do not make the same images twice. Each of them has
        // a pool of its own, whose threads can come upon no other run, and so not upon this lock, while they make.
        let mut materials = self.materials.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(material) = materials.get(&key) {
            return Ok(material.clone());
        }
        let material = Arc::new(match spec.data {
            SetName::Digits => self.procedural(plan),
            SetName::Mnist | SetName::FashionMnist | SetName::Cifar10 | SetName::Cifar100 => {
                self.read_set(plan)?
            }
        });
        materials.insert(key, material.clone());
        Ok(material)
    }

    /// Reads `set` now, unless the program makes it, so that what is wrong with it is told before anything is begun.
    ///
    /// # Errors
    /// When the set is missing or damaged.
    pub fn prepare(&self, set: SetName) -> Result<(), TrainError> {
        match set {
            SetName::Digits => Ok(()),
            SetName::Mnist | SetName::FashionMnist | SetName::Cifar10 | SetName::Cifar100 => {
                self.loaded(set).map(drop)
            }
        }
    }

    /// `set`, read once.
    fn loaded(&self, set: SetName) -> Result<Arc<Loaded>, TrainError> {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = sets.get(&set) {
            return Ok(loaded.clone());
        }
        let loaded = Arc::new(self.store.load(set)?);
        sets.insert(set, loaded.clone());
        Ok(loaded)
    }

    fn read_set(&self, plan: &RunPlan) -> Result<Material, TrainError> {
        let loaded = self.loaded(plan.spec.data)?;
        let split = split(&loaded.learning, plan.spec.validation_images, plan.spec.examples)?;
        let test = if plan.test_images as usize == loaded.test.len() {
            loaded.test.clone()
        } else {
            loaded.test.select(&(0..plan.test_images as u32).collect::<Vec<_>>())
        };
        Ok(Material { training: Training::Fixed(split.training), validation: split.validation, test })
    }

    fn procedural(&self, plan: &RunPlan) -> Material {
        let make = |role: Role, count: u64| digits::images(role.seed(), 0..count);
        // A finite procedural set is the same for every seed, as a set from files is.
        let training = plan.spec.examples.map(|examples| make(Role::Training { run_seed: 0 }, examples));
        Material {
            training: training.map_or_else(|| Training::Fresh(self.fresh.clone()), Training::Fixed),
            validation: make(Role::Validation, plan.spec.validation_images),
            test: make(Role::Test, plan.test_images),
        }
    }
}
