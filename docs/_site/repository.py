"""What the site needs of the repository outside docs/: pages of its root, and files that pages link to.

A hook of mkdocs (``mkdocs.yml``). Pages link to each other as files of the repository, as they should where
that is browsed; here such links become those of the site, and each file that is linked goes along, below
``files/``.
"""

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

BESIDE = ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "examples/pool/README.md")
"""Pages outside docs/ that are pages of the site as well."""
NAMED = re.compile(r"\[(?:[\w./]*/)?[\w-]+\.md\](?=\((?P<path>[^)#\s:]+))")
"""A link whose text is the name of a file: here it is the title of the page."""
LINK = re.compile(r"(?<=\]\()(?P<path>[^)#\s:]+)(?=(?:#[^)\s]*)?\))")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages and the files."""
    docs = Path(config.docs_dir)
    for name in BESIDE:
        files.append(File.generated(config, name, abs_src_path=str(docs.parent / name)))
    for name in sorted(linked(docs)):
        files.append(File.generated(config, f"files/{name}", abs_src_path=str(docs.parent / name)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Let links lead to where the site has things."""
    if page.file.abs_src_path is None:  # made for the site
        return markdown
    docs, source = Path(config.docs_dir), Path(page.file.abs_src_path)
    here = os.path.dirname(page.file.src_uri)
    markdown = NAMED.sub(lambda found: f"[{title(source.parent / found['path'])}]", markdown)
    return LINK.sub(lambda found: os.path.relpath(in_site(source, found["path"], docs), here), markdown)


def title(page: Path) -> str:
    """The first heading of a page."""
    return page.read_text().splitlines()[0].removeprefix("# ")


def in_site(source: Path, link: str, docs: Path) -> str:
    """The site's name for what ``source`` calls ``link``."""
    target = Path(os.path.normpath(source.parent / link))
    if target.is_relative_to(docs):
        return target.relative_to(docs).as_posix()
    name = target.relative_to(docs.parent).as_posix()
    if name == "README.md":
        return "index.md"
    return name if name in BESIDE else f"files/{name}"


def linked(docs: Path) -> set[str]:
    """Files of the repository, no pages of the site, that pages link to."""
    sources = [*docs.glob("*.md"), *(docs.parent / name for name in BESIDE)]
    names = {in_site(path, link, docs) for path in sources for link in LINK.findall(path.read_text())}
    return {name.removeprefix("files/") for name in names if name.startswith("files/")}
