"""Any report at all, hostile ones among them, for the renderers' property-based tests."""

from hypothesis import strategies as st
from tests.preview.reports import EVIL

from commonground.preview.model import (
    Amount,
    Change,
    Class,
    Cost,
    EnvironmentReport,
    ParityReport,
    PolicyFinding,
    PropertyChange,
    Reason,
    Report,
)

texts = st.one_of(
    st.text(max_size=40),
    st.sampled_from([text for text in EVIL if len(text) < 500]),
    st.text("`<>&@#[]()|*_~!$\\\"'-+=/:.% \n\r\t\u2028a1", max_size=30),
    st.integers(0, 3000).map(lambda length: "long `value` " * (length // 13)),
)
lines = st.lists(texts, max_size=12).map(tuple)
properties = st.builds(PropertyChange, texts, texts | st.just("nothing"), texts | st.just("nothing"), st.booleans())
changes = st.builds(
    Change,
    texts,
    st.sampled_from(["create", "change", "replace", "delete"]),
    texts,
    texts,
    st.lists(texts, max_size=4).map(tuple),
    st.lists(properties, max_size=8).map(tuple),
    st.lists(st.builds(Reason, st.sampled_from(Class), texts), min_size=1, max_size=3).map(tuple),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.none() | texts,
)
amounts = st.builds(Amount, st.none() | st.integers(0, 10**6), st.none() | st.integers(0, 10**6))
environments = st.builds(
    EnvironmentReport,
    texts,
    texts,
    st.dictionaries(st.sampled_from(["create", "change", "replace", "delete", "same"]), st.integers(0, 10**9)),
    lines,
    # The same few changes many times over: long reports are made quickly.
    st.tuples(st.lists(changes, max_size=4), st.integers(1, 40)).map(lambda made: tuple(made[0] * made[1])),
    st.lists(st.builds(PolicyFinding, texts, st.booleans(), texts, texts), max_size=6).map(tuple),
    lines,
    st.none() | st.builds(Cost, amounts, amounts),
    lines,
    lines,
)
reports = st.builds(
    Report,
    st.lists(environments, max_size=4).map(tuple),
    st.lists(st.builds(ParityReport, texts, texts, lines, lines), max_size=3).map(tuple),
    texts,
)
