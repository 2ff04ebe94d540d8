"""Commands about an index as a whole: `create` and `stats`."""

from typing import Annotated

import typer

from hashindex.cli import options, output


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(create)
    app.command()(stats)


def create(
    *,
    recipe: options.RecipeName = None,
    decode: options.DecodeMode = None,
    oss_process: options.OssProcess = None,
    index_type: options.IndexType = None,
    expect: options.Expect = None,
    milvus_uri: options.MilvusUri = None,
    collection: options.Collection = None,
    json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Make an empty index. Where there is one already it is left as it is, and that is said."""
    del verbose
    from hashindex.compose import load_settings, open_index

    settings = load_settings(milvus_uri=milvus_uri, collection=collection, index_type=index_type)
    text = options.recipe_text(recipe, decode, oss_process)
    with open_index(create=True, recipe=text, expect=expect, settings=settings) as index:
        info, created = index.stats(), index.created
    if json:
        output.emit(
            {
                "created": created,
                "recipe": info.origin.recipe,
                "index_type": info.index_type,
                "backend": info.backend,
            }
        )
    else:
        output.line(
            f"{'made' if created else 'already there:'} {info.uri}, {info.index_type} on {info.backend}"
        )
        output.line(f"recipe: {info.origin.recipe}")


def stats(
    *,
    companies: Annotated[
        bool, typer.Option("--companies", help="Count the entries of each company too, by reading them all.")
    ] = False,
    milvus_uri: options.MilvusUri = None,
    collection: options.Collection = None,
    json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Say what is in the index, and how it was made."""
    del verbose
    from hashindex.compose import load_settings, open_index

    with open_index(settings=load_settings(milvus_uri=milvus_uri, collection=collection)) as index:
        info = index.stats()
        per_company = index.companies() if companies else None
    values = {
        "total": info.total,
        "recipe": info.origin.recipe,
        "made_with": info.origin.made_with,
        "schema": info.origin.schema,
        "index_type": info.index_type,
        "backend": info.backend,
        "uri": info.uri,
    }
    if json:
        output.emit(values if per_company is None else {**values, "companies": per_company})
        return
    output.table(values.items())
    if per_company is not None:
        output.line("")
        output.table(per_company.items(), ("company", "entries"))
