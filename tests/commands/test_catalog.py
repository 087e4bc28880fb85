"""Catalogs: what can be chosen from now on."""

from dataclasses import replace

from commands.catalog import PublishCatalog
from domain.catalog import CatalogPublished, CustomField, Entry
from domain.errors import Invalid, NotAllowed
from domain.values import CatalogId
from tests.spec import administrator, given, mia

SOURCES = CatalogId("sources")
publish = PublishCatalog(catalog_id=SOURCES, entries=(Entry(code="fair", zh="展会", en="fair"), Entry(code="web")))
published = CatalogPublished(
    catalog_id=SOURCES, number=1, entries=(Entry(code="fair", zh="展会", en="fair"), Entry(code="web"))
)


def test_a_catalog_is_published_and_published_again() -> None:
    story = given().when(publish, by=administrator).then(published)
    fewer = replace(publish, entries=(Entry(code="fair", retired=True),))
    story.when(fewer, by=administrator).then(
        CatalogPublished(catalog_id=SOURCES, number=2, entries=(Entry(code="fair", retired=True),))
    )
    given().when(PublishCatalog(catalog_id=SOURCES), by=administrator).then(
        CatalogPublished(catalog_id=SOURCES, number=1)
    )


def test_a_catalog_is_an_administrator_s() -> None:
    given().when(publish, by=mia).refused(NotAllowed, because="the role sales_manager has no such right")


def test_each_stands_there_once_and_has_a_code() -> None:
    twice = replace(publish, entries=(Entry(code="fair"), Entry(code="web"), Entry(code="fair")))
    given().when(twice, by=administrator).refused(Invalid, because="entries/2/code: fair stands there twice")
    fields = (CustomField(name="size", type="text"), CustomField(name="size", type="integer"))
    given().when(replace(publish, fields=fields), by=administrator).refused(
        Invalid, because="fields/1/name: size stands"
    )
    blank = replace(publish, entries=(Entry(code="fair"), Entry(code=" ")))
    given().when(blank, by=administrator).refused(Invalid, because="entries/1/code: this must not be blank")
    nameless = (CustomField(name="", type="text"),)
    given().when(replace(publish, fields=nameless), by=administrator).refused(Invalid, because="fields/0/name: ")


def test_a_choice_names_its_choices_and_only_a_choice() -> None:
    given().when(
        replace(publish, fields=(CustomField(name="size", type="choice", choices=("s", "l")),)), by=administrator
    ).then(replace(published, fields=(CustomField(name="size", type="choice", choices=("s", "l")),)))
    for wrong in (CustomField(name="size", type="choice"), CustomField(name="size", type="text", choices=("s",))):
        given().when(replace(publish, fields=(wrong,)), by=administrator).refused(
            Invalid, because="fields/0: a choice, and only a choice, names its choices"
        )
