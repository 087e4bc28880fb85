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
    for kind, key, names in (
        ("entries", "code", [entry.code for entry in command.entries]),
        ("fields", "name", [field.name for field in command.fields]),
    ):
        seen: set[str] = set()
        for nth, name in enumerate(names):
            said(f"{kind}/{nth}/{key}", name)
            if name in seen:
                raise Invalid(field=f"{kind}/{nth}/{key}", because=f"{name} stands there twice")
            seen.add(name)
    for nth, field in enumerate(command.fields):
        if (field.type == "choice") != bool(field.choices):
            raise Invalid(field=f"fields/{nth}", because="a choice, and only a choice, names its choices")
    return CatalogPublished(
        catalog_id=command.catalog_id,
        number=catalog.number + 1,
        entries=command.entries,
        fields=command.fields,
    )
