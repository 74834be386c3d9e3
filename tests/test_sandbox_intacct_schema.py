"""The hand-written table of elements against the published schema, where that is at hand."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from lxml import etree

from bot.sandbox.intacct import COVERAGE
from bot.sandbox.intacct.gateway import KNOWN
from bot.sandbox.intacct.schema import problem
from tests.intacct_wire import DAY, Wire, charge, equal, item, query

XSD = Path(__file__).resolve().parents[2] / "shared" / "data" / "intacct-api-v3.0.xsd"


@pytest.mark.skipif(not XSD.exists(), reason="the published schema is not beside this checkout")
def test_the_table_agrees_with_the_published_schema() -> None:
    tree = etree.parse(XSD)
    names = {"xs": "http://www.w3.org/2001/XMLSchema"}
    choice = tree.xpath("//xs:element[@name='arguments']//xs:choice", namespaces=names)[0]  # type: ignore[index]
    assert isinstance(choice, etree._Element)
    choice.tag = "{http://www.w3.org/2001/XMLSchema}sequence"
    for child in list(choice):
        choice.remove(child)
    published = etree.XMLSchema(tree)
    function = tree.xpath("//xs:element[@name='function']", namespaces=names)[0]  # type: ignore[index]
    assert isinstance(function, etree._Element)
    offered = {e.get("ref") for e in function.iter("{http://www.w3.org/2001/XMLSchema}element")}
    assert set(COVERAGE) <= offered
    checked = 0
    for text in _variants():
        root = etree.fromstring(text)
        ours, theirs = not problem(root, KNOWN), published.validate(root)
        assert ours == theirs, (text, problem(root, KNOWN), str(published.error_log))
        checked += 1
    assert checked > 500


def _variants() -> list[str]:
    """Sound requests, and each with one element left out, doubled, renamed, emptied, or swapped with its neighbour."""
    wire = Wire(None, None, [])  # type: ignore[arg-type]
    full = item(
        more="<departmentid>1</departmentid><locationid>1</locationid><projectid>p</projectid><taskid>t</taskid><itemid>i</itemid><billable>false</billable>"
    )
    condition = f"<or>{equal('A', '1')}<and>{equal('B', '1', 'like')}<between><field>C</field><value>1</value><value>2</value></between></and></or>"
    sound = [
        charge(full * 2).replace(
            "<ccpayitems>",
            "<supdocid/><currency/><exchratedate>" + DAY + "</exchratedate><exchratetype/><customfields/><ccpayitems>",
        ),
        f'<update_cctransaction key="1"><payee/><updateccpayitems><updateccpayitem line_num="1"><description/></updateccpayitem>{item()}</updateccpayitems></update_cctransaction>',
        f'<reverse_cctransaction key="1"><datereversed>{DAY}</datereversed><memo/></reverse_cctransaction>',
        query(
            "X",
            "A B",
            condition,
            "<orderby><order><field>A</field><ascending/></order></orderby><options><showprivate>true</showprivate></options><pagesize>5</pagesize>",
        ),
        query("X", "A", "<in><field>A</field><value>1</value></in>", "<offset>0</offset>"),
        "<readByQuery><object>X</object><query/><fields>*</fields></readByQuery>",
        "<readByName><keys>1</keys><object>X</object></readByName>",
        "<readMore><resultId>1</resultId></readMore>",
        "<getAPISession><locationid/></getAPISession>",
        "<readUserFormatting><key>1</key></readUserFormatting>",
        "<getUserPermissions><userId>1</userId></getUserPermissions>",
        '<get_companyprefs application="CM"/>',
        "<create_vendor><vendorid/><name/><onhold/><status/><externalid/><name1099/><customfields/><supdocid/></create_vendor>",
        '<update_vendor vendorid="1"><name/><onhold/><status/><name1099/><paymentnotify/></update_vendor>',
        "<create_supdoc><supdocid/><supdocname/><attachments><attachment><attachmentname/><attachmenttype/><attachmentdata/></attachment></attachments></create_supdoc>",
        "<create_supdocfolder><supdocfoldername/><supdocparentfoldername/></create_supdocfolder>",
    ]
    bodies = [wire.body(call)[38:] for call in sound]
    return [*bodies, *(variant for body in bodies for variant in _mutations(body))]


def _mutations(body: str) -> list[str]:
    made = []
    count = sum(1 for _ in etree.fromstring(body).iter())
    for number in range(1, count):
        for act in ("drop", "double", "rename", "swap", "fill"):
            root = etree.fromstring(body)
            element = list(root.iter())[number]
            parent = element.getparent()
            assert parent is not None
            place = parent.index(element)
            if act == "drop":
                parent.remove(element)
            elif act == "double":
                parent.insert(place, copy.deepcopy(element))
            elif act == "rename":
                element.tag = "nonsense"
            elif act == "fill":
                if parent.tag in {"select", "order"}:  # partly of no type as published, so they take anything; not here
                    continue
                etree.SubElement(element, "nonsense")
            elif place + 1 < len(parent):
                parent.insert(place + 1, element)
            made.append(etree.tostring(root, encoding="unicode"))
    return made
