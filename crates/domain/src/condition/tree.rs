//! The verdict of a whole condition as time goes on, and what it takes to tell.

use super::compare::values_at;
use super::course::{Course, Step, earlier};
use super::{
    Condition, Context, Evaluation, EventView, PropertyFilter, TURNS_MAX, Wants, look_up_at, looks_at,
};
use kit::Timestamp;
use serde_json::Value;

impl Condition {
    /// The verdict at `context.now` and the instant of its next turn if nothing else happens: to the millisecond,
    /// unless [`TURNS_MAX`] turns of leaves leave the whole as it is.
    pub fn evaluate(&self, context: &Context<'_>) -> Evaluation {
        let mut courses = Vec::new();
        self.courses(context, &mut courses);
        let holds = self.joined(&mut courses.iter());
        for _ in 0..TURNS_MAX {
            let Some(at) = next_turn(&mut courses) else { return Evaluation { holds, changes_at: None } };
            for course in &mut courses {
                if course.turn() == Some(at) && !course.pass() {
                    return Evaluation { holds, changes_at: Some(at) };
                }
            }
            if self.joined(&mut courses.iter()) != holds {
                return Evaluation { holds, changes_at: Some(at) };
            }
        }
        Evaluation { holds, changes_at: next_turn(&mut courses) }
    }

    /// The courses of the leaves, in the order in which [`Condition::joined`] takes them.
    fn courses<'a>(&'a self, context: &Context<'a>, courses: &mut Vec<Course<'a>>) {
        courses.push(match self {
            Condition::All(parts) | Condition::Any(parts) | Condition::None(parts) => {
                parts.iter().for_each(|part| part.courses(context, courses));
                return;
            }
            Condition::Attribute { path, test } => {
                let context = *context;
                Course::of(context.now, looks_at(path), move |at| {
                    let (value, until) = look_up_at(context.facts, path, at);
                    let values: Vec<&Value> = value.iter().collect();
                    let step = test.step(&values, &context, at);
                    Step { until: earlier(step.until, until), ..step }
                })
            }
            Condition::Event(leaf) => {
                filters_course(leaf.name.as_deref(), &leaf.filters, context.event, context)
            }
            Condition::Awaited(leaf) => {
                filters_course(leaf.name.as_deref(), &leaf.filters, context.awaited, context)
            }
            Condition::Did(leaf) => leaf.course(context),
            Condition::EventPick(leaf) => leaf.course(context),
            Condition::Orders(leaf) => leaf.course(context),
            Condition::OrderPick(leaf) => leaf.course(context),
            Condition::Messages(leaf) => leaf.course(context),
            Condition::Runs(leaf) => leaf.course(context),
            Condition::Tag(_)
            | Condition::List(_)
            | Condition::Segment(_)
            | Condition::Consent(_)
            | Condition::Bucket(_)
            | Condition::Seen { .. } => Course::for_ever(self.holds(context)),
        });
    }

    fn joined<'c, 'a: 'c>(&self, courses: &mut impl Iterator<Item = &'c Course<'a>>) -> bool {
        // Every leaf is taken, also where the verdict is certain, so that the next finds its own.
        let mut held = |parts: &[Condition]| parts.iter().filter(|part| part.joined(courses)).count();
        match self {
            Condition::All(parts) => held(parts) == parts.len(),
            Condition::Any(parts) => held(parts) > 0,
            Condition::None(parts) => held(parts) == 0,
            _ => courses.next().is_some_and(Course::holds),
        }
    }

    /// What has to be at hand to evaluate it, and what may turn its verdict. Of a reference to a segment nothing:
    /// [expand](Condition::expand) it first.
    pub fn wants(&self) -> Wants {
        let mut wants = Wants::default();
        self.add_wants(&mut wants);
        wants
    }

    fn add_wants(&self, wants: &mut Wants) {
        match self {
            Condition::All(parts) | Condition::Any(parts) | Condition::None(parts) => {
                parts.iter().for_each(|part| part.add_wants(wants));
            }
            Condition::Attribute { path, test } => {
                wants.path(path);
                wants.test(test);
            }
            // A bucket needs the profile's id alone, which comes with the profile.
            Condition::Tag(_) | Condition::List(_) | Condition::Consent(_) | Condition::Bucket(_) => {
                wants.profile = true;
            }
            Condition::Event(leaf) | Condition::Awaited(leaf) => {
                leaf.filters.iter().for_each(|filter| wants.test(&filter.test));
            }
            Condition::Did(leaf) => leaf.wants(wants),
            Condition::EventPick(leaf) => leaf.wants(wants),
            Condition::Orders(leaf) => leaf.wants(wants),
            Condition::OrderPick(leaf) => leaf.wants(wants),
            Condition::Messages(leaf) => leaf.wants(wants),
            Condition::Runs(leaf) => leaf.wants(wants),
            Condition::Segment(_) | Condition::Seen { .. } => {}
        }
    }
}

fn next_turn(courses: &mut [Course<'_>]) -> Option<Timestamp> {
    courses.iter_mut().filter_map(Course::turn).min()
}

/// How filters on an event that is at hand go on.
fn filters_course<'a>(
    name: Option<&str>,
    filters: &'a [PropertyFilter],
    event: Option<EventView<'a>>,
    context: &Context<'a>,
) -> Course<'a> {
    let Some(event) = event.filter(|event| name.is_none_or(|name| name == event.name)) else {
        return Course::for_ever(false);
    };
    let context = *context;
    Course::of(context.now, TURNS_MAX, move |at| {
        filters.iter().fold(Step::for_ever(true), |all, filter| {
            let step = filter.test.step(&values_at(event.properties, &filter.property), &context, at);
            Step { holds: all.holds && step.holds, until: earlier(all.until, step.until) }
        })
    })
}
