"""Looking for copies: a corpus version's index, in the folder that this node keeps them in."""

from shared.corpora.models import CorpusVersion
from shared.corpora.queries import version_text
from worker.engine.copying import CopyIndex, Copying
from worker.engine.vocabulary import Ids, Vocabulary
from worker.node import Node


def copying_of(node: Node, version: CorpusVersion, text: str) -> Copying:
    """Tell what of a text stands word for word in a corpus version."""
    vocabulary = Vocabulary(version.vocabulary)

    def ids() -> Ids:
        return vocabulary.encode_utf8(version_text(node.db, version), version.characters)

    index = CopyIndex(node.settings.cache_folder, version.sha256, version.characters, ids)
    return index.check(vocabulary.encode_known(text))
