"""What goes and in which order, whatever lies on the disk."""

from collections import Counter
from datetime import timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from vigilar.domain.clip import ClipKind
from vigilar.domain.settings import DAY_S, CameraRetention, RetentionSettings
from vigilar.retention.holdings import Disk, Holding, Rank
from vigilar.retention.policy import (
    AGE_SHARE,
    Cause,
    Eviction,
    Limits,
    for_age,
    for_space,
    hours_until_next,
    in_order,
)
from worker.retention.shelf import holding
from worker.store.fakes import BEGIN

AMOUNTS = st.integers(0, 3000)
NO_AGES = CameraRetention(clip_age_s=None, segment_age_s=None)

one = st.builds(
    lambda n, camera, kind, hours, size, starred, uploaded: holding(
        n, camera, kind=kind, hours=hours, size=size, starred=starred, uploaded=uploaded
    ),
    n=st.integers(0, 10**9),
    camera=st.sampled_from(["door", "yard", "gone"]),
    kind=st.sampled_from(ClipKind),
    hours=st.integers(-2000, 10),
    size=st.integers(1, 500),
    starred=st.booleans(),
    uploaded=st.booleans(),
)
shelves = st.lists(one, max_size=25, unique_by=lambda each: each.id)
budgets = st.none() | AMOUNTS
disks = st.builds(Disk, total=st.just(20_000), free=AMOUNTS)


@st.composite
def limits(draw: st.DrawFn) -> Limits:
    cameras = {camera: CameraRetention(draw(budgets)) for camera in ("door", "yard")}
    return Limits(cameras, RetentionSettings(draw(budgets), draw(budgets)))


def size(evictions: tuple[Eviction, ...]) -> int:
    return sum(each.holding.size_bytes for each in evictions)


@given(shelves, limits(), disks)
def test_afterwards_every_limit_holds_or_there_is_nothing_left(
    shelf: list[Holding], kept: Limits, disk: Disk
) -> None:
    gone = for_space(shelf, kept, disk)

    left = [each for each in shelf if each not in {eviction.holding for eviction in gone}]
    used = Counter[str]()
    for each in left:
        used[each.camera] += each.size_bytes
    for camera, amount in used.items():
        assert amount <= (kept.of(camera).max_bytes or amount)
    assert kept.max_bytes is None or used.total() <= kept.max_bytes
    assert not left or disk.free + size(gone) >= kept.free_on(disk)


@given(shelves, limits(), disks)
def test_no_more_goes_than_is_needed(shelf: list[Holding], kept: Limits, disk: Disk) -> None:
    # given what each rule took
    gone = for_space(shelf, kept, disk)
    assume(gone)
    by_budget = [each for each in gone if each.cause is not Cause.FREE_SPACE]
    for_free = [each for each in gone if each.cause is Cause.FREE_SPACE]

    # then without its last one that rule would not have been content
    if for_free:
        assert disk.free + size(gone) - for_free[-1].holding.size_bytes < kept.free_on(disk)
    for cause in (Cause.BUDGET, Cause.CAMERA_BUDGET):
        for camera in {each.holding.camera for each in by_budget if each.cause is cause}:
            last = [each for each in by_budget if each.cause is cause and each.holding.camera == camera][-1]
            if cause is Cause.CAMERA_BUDGET:
                own = sum(each.size_bytes for each in shelf if each.camera == camera)
                budget = kept.of(camera).max_bytes
                took = sum(
                    e.holding.size_bytes
                    for e in by_budget
                    if e.cause is cause and e.holding.camera == camera and e is not last
                )
                assert budget is not None
                assert own - took > budget
    if (took_for_all := [each for each in by_budget if each.cause is Cause.BUDGET]) and kept.max_bytes:
        total = sum(each.size_bytes for each in shelf)
        assert total - size(tuple(by_budget)) + took_for_all[-1].holding.size_bytes > kept.max_bytes


@given(shelves, limits(), disks)
def test_nothing_goes_while_something_less_dear_or_older_stays(
    shelf: list[Holding], kept: Limits, disk: Disk
) -> None:
    gone = for_space(shelf, kept, disk)

    taken = {each.holding for each in gone}
    for eviction in gone:
        before = [
            each
            for each in shelf
            if (each.rank, each.start) < (eviction.holding.rank, eviction.holding.start)
            and (eviction.cause is not Cause.CAMERA_BUDGET or each.camera == eviction.holding.camera)
        ]
        assert taken.issuperset(before)


@given(shelves, disks)
def test_without_need_nothing_goes(shelf: list[Holding], disk: Disk) -> None:
    roomy = Limits({}, RetentionSettings(None, 0))

    assert for_space(shelf, roomy, disk) == ()


def test_first_what_is_elsewhere_then_segments_then_clips_and_stars_last() -> None:
    starred = holding(1, hours=-500, starred=True, uploaded=True)
    clip = holding(2, hours=-400)
    segment = holding(3, kind=ClipKind.SEGMENT, hours=-1)
    uploaded = holding(4, hours=0, uploaded=True)
    older = holding(5, hours=-450)

    ordered = in_order([starred, clip, segment, uploaded, older])

    assert ordered == [uploaded, segment, older, clip, starred]
    assert [each.rank for each in ordered] == [
        Rank.UPLOADED,
        Rank.SEGMENT,
        Rank.CLIP,
        Rank.CLIP,
        Rank.STARRED,
    ]


@given(shelves, st.integers(-100_000, 100_000))
def test_age_takes_a_twentieth_at_most_and_never_a_star(shelf: list[Holding], hours: int) -> None:
    kept = Limits({}, RetentionSettings())

    gone = for_age(shelf, kept, BEGIN + timedelta(hours=hours))

    allowed = sum(each.size_bytes for each in shelf) * AGE_SHARE
    assert size(gone) <= allowed or len(gone) == 1
    assert not any(each.holding.starred for each in gone)
    # and a single large one is paid for by waiting
    assert size(gone) <= allowed * hours_until_next(shelf, gone) + 1e-6


@given(shelves)
def test_with_a_clock_in_1970_nothing_is_old(shelf: list[Holding]) -> None:
    assert for_age(shelf, Limits({}, RetentionSettings()), BEGIN.replace(year=1970)) == ()


def test_segments_grow_old_before_clips_and_each_camera_as_it_is_told() -> None:
    segment = holding(1, kind=ClipKind.SEGMENT, hours=-24 * 8)
    clip = holding(2, hours=-24 * 8)
    short = holding(3, "yard", hours=-49)
    new = holding(4, hours=0, size=100_000)
    kept = Limits({"yard": CameraRetention(None, 2 * DAY_S, None)}, RetentionSettings())

    gone = for_age([segment, clip, short, new], kept, BEGIN)

    assert [each.holding for each in gone] == [segment, short]


def test_ages_may_be_switched_off() -> None:
    kept = Limits({}, RetentionSettings(other=NO_AGES))

    assert for_age([holding(1, hours=-90_000)], kept, BEGIN) == ()


def test_free_space_has_a_sane_default_and_never_takes_more_than_half_the_disk() -> None:
    default = Limits({}, RetentionSettings())
    greedy = Limits({}, RetentionSettings(min_free=10**12))

    assert default.free_on(Disk(16 * 10**9, 0)) == 800_000_000
    assert default.free_on(Disk(10**13, 0)) == 2 * 10**9
    assert greedy.free_on(Disk(16 * 10**9, 0)) == 8 * 10**9
