"""Parameter sets are found before the first slice, and a change of them is noticed."""

from hypothesis import given
from hypothesis import strategies as st

from vigilar.media.nal import ParameterSets, annex_b, parameter_units, unit_type
from worker.media.footage import Shot, encode

SPS, PPS, SEI, IDR = b"\x67\x64\x00\x1f\xac", b"\x68\xee\x3c\x80", b"\x06\x05\x04", b"\x65\x88\x84\x00"


def test_units_are_found_with_short_and_long_start_codes() -> None:
    data = (
        b"\x00\x00\x00\x01" + SPS + b"\x00\x00\x01" + PPS + b"\x00\x00\x00\x01" + SEI + b"\x00\x00\x01" + IDR
    )

    assert parameter_units(data, "h264") == (SPS, PPS)


def test_what_follows_the_first_slice_is_not_looked_at() -> None:
    assert parameter_units(annex_b((SEI, IDR, SPS, PPS)), "h264") == ()


def test_other_codecs_have_none() -> None:
    assert parameter_units(annex_b((SPS, PPS)), "mjpeg") == ()


def test_an_encoders_key_frame_brings_a_complete_set() -> None:
    for codec, kinds in (("h264", {7, 8}), ("hevc", {32, 33, 34})):
        key = encode(Shot(codec=codec, seconds=0.2))[0].data
        sets = ParameterSets(codec)

        changed = sets.observe(key)

        assert changed
        assert sets.complete
        assert {unit_type(unit, codec) for unit in sets.units} == kinds


def test_the_same_sets_again_or_part_of_them_are_no_change() -> None:
    sets = ParameterSets("h264", (SPS, PPS))

    assert not sets.observe(annex_b((SPS, PPS, IDR)))
    assert not sets.observe(annex_b((PPS, IDR)))
    assert not sets.observe(annex_b((IDR,)))


def test_another_sps_is_a_change_and_takes_the_place_of_the_old_one() -> None:
    sets = ParameterSets("h264", (SPS, PPS))
    other = SPS + b"\x01"

    assert sets.observe(annex_b((other, IDR)))
    assert sets.units == (other, PPS)


@given(st.binary(max_size=300), st.sampled_from(["h264", "hevc"]))
def test_garbage_is_survived(data: bytes, codec: str) -> None:
    units = parameter_units(data, codec)

    assert all(units)
    assert ParameterSets(codec).observe(data) == bool(units)
