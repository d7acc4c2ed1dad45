"""Networks and hubs in a clinician's words."""

from __future__ import annotations

from stratify.connectome.networks import OTHER

NETWORK_WORDS: dict[str, str] = {
    "SN": "salience",
    "DMN": "default mode",
    "CEN": "central executive",
    "SomMot": "somatomotor",
    "Vis": "visual",
    "DorsAttn": "dorsal attention",
    "Limbic": "limbic",
}

HUB_WORDS: dict[str, str] = {
    "dACC": "dorsal anterior cingulate",
    "sgACC": "subgenual anterior cingulate",
    "mPFC": "medial prefrontal cortex",
    "PCC": "posterior cingulate",
    "DLPFC": "dorsolateral prefrontal cortex",
    "parietal": "lateral parietal cortex",
    "S1": "primary somatosensory cortex",
    "M1": "primary motor cortex",
}

HEMISPHERE_WORDS: dict[str, str] = {"L": "left", "R": "right"}


def describe_network(network: str) -> str:
    """Return a network in a clinician's words.

    Examples
    --------
    >>> describe_network("DMN"), describe_network("Language"), describe_network("OTHER")
    ('default mode network', 'Language network', 'regions of no named network')
    """
    if network == OTHER:
        return "regions of no named network"
    return f"{NETWORK_WORDS.get(network, network)} network"


def describe_pair(first: str, second: str) -> str:
    """Return two networks in a clinician's words.

    Examples
    --------
    >>> describe_pair("SN", "DMN")
    'salience and default mode networks'
    """
    if OTHER in (first, second):
        return f"{describe_network(first)} and {describe_network(second)}"
    words = (NETWORK_WORDS.get(network, network) for network in (first, second))
    return " and ".join(words) + " networks"
