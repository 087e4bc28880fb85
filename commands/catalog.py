"""What may be asked of a catalog: a new version of it."""

from commands.decider import Decider
from domain.access import Action
from domain.catalog import Catalog, CatalogEvent, CatalogPublished, CustomField, Entry, evolve
from domain.errors import Invalid, said
from domain.values import CatalogId, value

catalogs = Decider[Catalog, CatalogEvent](
    name="catalog",
    plural="catalogs",
    id_field="catalog_id",
    key=CatalogId,
    initial=lambda key: Catalog(catalog_id=CatalogId(key)),
    evolve=evolve,
)


@value
class PublishCatalog:
    catalog_id: CatalogId
    entries: tuple[Entry, ...] = ()
    fields: tuple[CustomField, ...] = ()


@catalogs.decides(Action.ADMINISTER)
def publish_catalog(command: PublishCatalog, catalog: Catalog) -> CatalogPublished:
    """Publish what can be chosen from now on; what was chosen before keeps its code."""
    for kind, names in (
        ("entries", [entry.code for entry in command.entries]),
        ("fields", [field.name for field in command.fields]),
    ):
        for name in names:
            said(kind, name)
        if twice := {name for name in names if names.count(name) > 1}:
            raise Invalid(field=kind, because=f"{', '.join(sorted(twice))} stands there twice")
    for field in command.fields:
        if (field.type == "choice") != bool(field.choices):
            raise Invalid(field=f"fields/{field.name}", because="a choice, and only a choice, names its choices")
    return CatalogPublished(
        catalog_id=command.catalog_id,
        number=catalog.number + 1,
        entries=command.entries,
        fields=command.fields,
    )
