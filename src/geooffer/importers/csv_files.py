"""Reading one CSV or JSON Lines file of a table of tables.py: the header is checked as a whole, then line by line."""

from __future__ import annotations

from pathlib import Path

from geooffer.errors import InvalidArgumentError
from geooffer.importers import values
from geooffer.importers.cells import Cells, size_text
from geooffer.importers.files import CsvTable, read_csv
from geooffer.importers.json_lines import is_json_lines, read_json_lines
from geooffer.importers.rows import Import, Refusal, Row, TakenIds
from geooffer.importers.tables import TABLES, Item, Table


def read_table(path: Path, kind: str, *, taken: TakenIds | None = None, table: Table | None = None) -> Import[Item]:
    """The nouns of a CSV file; `kind` is a key of TABLES; `taken` is shared by the files of one run; `table` reads
    another form of the same kind (importers/feeds.py).

    Raises InvalidArgumentError where the file is no CSV, lacks a column or has one that the table does
    not know.
    """
    table = table or TABLES[kind]
    content = read_json_lines(path) if is_json_lines(path) else read_csv(path)
    _check_columns(path, kind, table, content)
    result: Import[Item] = Import()
    taken = taken or TakenIds()
    for line in content.lines:
        if line.cells is None:
            result.refusals.append(Refusal(line.place, line.reason))
            continue
        try:
            item = table.read(line.cells)
            identity = table.identity(item)
            if identity:
                taken.take(identity, path, line.place, _key_text(table))
        except InvalidArgumentError as error:
            result.refusals.append(Refusal(line.place, error.message, _readable_key(table, line.cells)))
            continue
        result.rows.append(Row(line.place, item))
    return result


def _check_columns(path: Path, kind: str, table: Table, content: CsvTable) -> None:
    known = (*table.required, *table.optional)
    texts = [name for name in content.columns if _is_text_column(name, table)]
    missing = [name for name in table.required if name not in content.columns]
    has_texts = any(name.startswith(f"{table.text_prefix}_") for name in texts)
    if table.text_required and not has_texts:
        missing.append(f"{table.text_prefix}_en (or another language)")
    if table.either and not any(set(group) <= set(content.columns) for group in table.either):
        usual, *others = (", ".join(group) for group in table.either)
        missing.append(f"{usual} (or {' or '.join(others)})")
    unknown = [name for name in content.columns if name not in known and name not in texts]
    faults = []
    if len(unknown) == len(content.columns):
        # most likely a file without a header: its first line is data, and that is never quoted
        faults.append("the first line names no column that is known; is the header missing?")
        unknown = []
    if missing:
        faults.append(f"missing column {', '.join(missing)}")
    if unknown:
        faults.append(f"unknown column {', '.join(name[:40] for name in unknown)}")
    if faults:
        more = "".join(f", {prefix}_en, {prefix}_de, …" for prefix in _prefixes(table))
        raise InvalidArgumentError(f"{path}: {'; '.join(faults)} ({kind} have {', '.join(known)}{more})")
    if not content.lines:
        raise InvalidArgumentError(f"{path}: holds a header and no line")


def _is_text_column(name: str, table: Table) -> bool:
    prefix, _, code = name.rpartition("_")
    if prefix not in _prefixes(table):
        return False
    try:
        values.language(code, name)
    except InvalidArgumentError:
        return False
    return True


def _prefixes(table: Table) -> list[str]:
    return [prefix for prefix in (table.text_prefix, table.list_prefix) if prefix]


def _key_text(table: Table) -> str:
    names = [name.removesuffix("_id") for name in table.key_columns]
    if len(names) == 1:
        return table.key_columns[0]
    if any(name in table.required for name in ("valid_from_time", "as_of_time")):
        names.append("time")
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _readable_key(table: Table, cells: Cells) -> tuple[str, ...]:
    """The key cells up to the first that cannot be read; sizes in the one form of `values.size`."""
    key: list[str] = []
    for column in table.key_columns:
        cell = cells.get(column, "")
        try:
            if column == "size":
                key.append(size_text(values.size(cell, column) if cell else None))
            else:
                key.append(values.identifier(cell, column) if cell or column in table.required else "")
        except InvalidArgumentError:
            break
    return tuple(key)
