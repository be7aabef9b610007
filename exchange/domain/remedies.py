"""What an officer reads about a finding: the rule in words, and how to mend it. Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Words = tuple[str, str]

OUR_RULES: Final[Mapping[str, Words]] = {
    "required_value_missing": ("必填项为空", "A required value is missing"),
    "value_unreadable": ("内容无法识别", "A value can't be read"),
    "unknown_code": ("代码不在代码表", "A code is not in its list"),
    "duplicate_key": ("同一案件内编号重复且内容不同", "Rows of one case share a key and differ"),
    "duplicate_row": ("同一行重复录入", "The same row is there twice"),
    "several_administrators": ("登记了多个管理人", "Several administrators are registered"),
    "court_unknown": ("承办法院不在名单内", "The court is not one of this party's"),
    "dataset_not_supplied": ("来源库没有该项数据，本次不含", "The source does not hold this dataset; none is sent"),
    "old_court_code_on_new_case": ("新案件使用已停用的法院代字", "A new case has a court code no longer in use"),
    "terminated_on_missing": ("已终结案件缺少终结日期", "A terminated case has no termination date"),
    "terminated_on_but_not_terminated": ("有终结日期但阶段不是终结", "A termination date, but the stage is another"),
    "dates_out_of_order": ("日期先后颠倒", "Dates are out of order"),
    "announced_late": ("受理后超过二十五日公告", "Announced more than 25 days after acceptance"),
    "calendar_not_official": ("该年度工作日历尚未公布", "The year's working days are not announced yet"),
    "anomaly_court": ("该院多项数字与前几季相差悬殊", "Several of the court's figures are far from the last quarters'"),
    "anomaly_cases": ("案件数与前几季相差悬殊", "The number of cases is far from the last quarters'"),
    "anomaly_rows": ("行数与前几季相差悬殊", "The number of rows is far from the last quarters'"),
    "anomaly_amounts": ("金额与前几季相差悬殊", "An amount is far from the last quarters'"),
    "anomaly_held": ("退回占比与前几季相差悬殊", "The share of held cases is far from the last quarters'"),
    "source_drift": ("来源与约定不符", "The source is not as agreed"),
    "docket_gap": ("案号缺号", "Serials are missing among the case numbers"),
    "control_total_differs": ("控制总数不符", "A control total differs"),
    "case_not_read": ("应选案件未读出", "A case that should be selected was not read"),
    "ended_case_never_sent": ("已办结案件从未送出", "A case ended and never went out"),
    "sent_case_not_selected": (
        "对方在办的案件本次未入选",
        "A case the other side has as open is not selected",
    ),
    "line_without_claim": ("明细没有对应的申报版本", "A line belongs to no claim version"),
    "payment_without_claim": ("缴款没有对应的申报版本", "A payment belongs to no claim version"),
    "payment_not_positive": ("缴纳金额不是正数", "Nothing was paid, or less than nothing"),
    "payment_of_nothing_claimed": ("缴款的征收项目和所属期未申报", "A payment of a levy and period not claimed"),
    "amount_negative": ("金额为负数", "A negative amount"),
    "total_is_not_sum_of_lines": ("申报总额不等于明细合计", "The claim's total is not the sum of its lines"),
    "case_never_received": ("申报的案件未曾收到", "The claim's case was never received"),
    "status_of_debtor_never_sent": ("法院未曾发送的债务人，不得提供其涉税状态", "The court never sent this debtor"),
    "debtor_never_sent": ("本端未曾发送的债务人", "A debtor this end never sent"),
    "case_taken_back": (
        "案件已撤回，登记中没有其后的受理裁定",
        "The case was taken back; no later acceptance is keyed",
    ),
    "sent_case_gone_from_source": (
        "已送出的案件在来源系统中已不存在，或已改案号",
        "A case sent is no more in the source, or has another number",
    ),
    "claim_on_voided_case": ("申报所列案件已由法院撤回", "The claim's case was taken back by the court"),
    "break_never_shared": ("所答复的差异不在本端送出的清单上", "An answer to a break on no list of this end"),
    "act_unusable": ("联席会议事项本端无法使用", "An act of the joint meeting this end can't use"),
    "claim_without_lines": ("有金额的申报没有明细", "A claim without lines"),
    "lines_on_empty_claim": ("撤回或无欠税费的申报带有明细", "Lines on a withdrawal or a nil claim"),
    "version_does_not_fit_kind": ("首次、补充、无欠税费申报的版本应为一", "This kind of claim begins with version 1"),
    "supplement_names_no_claim": ("补充申报未写明所补充的编号", "A supplement names no claim"),
    "debtor_without_id": ("债务人没有任何识别号", "The debtor has no id at all"),
    "period_ends_before_it_starts": ("所属期止早于所属期起", "A period ends before it starts"),
}
"""Rules no contract lists; they are reported and not compared with the other end's."""

REMEDIES: Final[Mapping[str, Words]] = {
    "case_no_malformed": (
        "按“（年份）法院代字 类型 序号 号”更正案号，序号不加零",
        "Write it as （year）court type serial号, no leading zero",
    ),
    "court_code_differs_from_case_no": (
        "核对案号中的法院代字与承办法院",
        "Compare the court code in the number with the court",
    ),
    "case_taken_back": (
        "重新受理的，录入新的受理裁定日期；撤回有误的，由两名人员办理更正",
        "Enter the new acceptance; if it was taken back by mistake, correct it with two officers",
    ),
    "sent_case_gone_from_source": ("核实后办理撤回", "Look into it; take it back with two officers"),
    "duplicate_case_no": ("两件以上案件同号，由立案庭确认其一", "Let the filing office say whose number it is"),
    "unknown_stage_code": ("补录程序阶段，或更正为代码表中的代码", "Enter a stage out of the code list"),
    "accepted_on_missing": ("补录受理裁定日期", "Enter the date of the acceptance ruling"),
    "accepted_on_in_future": ("核对受理裁定日期", "Check the date of the acceptance ruling"),
    "claims_due_before_announcement": ("核对公告日与申报截止日", "Check the announcement and the claims due date"),
    "case_without_debtor": ("补录债务人", "Enter the debtor"),
    "uscc_check_digit": (
        "对照营业执照更正；登记机关本身有误的，可由复核人确认后放行",
        "Correct it from the licence; an officer may confirm it where the register itself is wrong",
    ),
    "name_is_a_formula": ("去掉名称前的符号，按营业执照录入", "Enter the name as on the licence, without the sign"),
    "name_is_masked": ("按营业执照录入完整名称", "Enter the whole name as on the licence"),
    "negative_amount": ("核对金额正负，更正后补送该行", "Check the sign of the amount; the row follows once mended"),
    "uscc_missing_old_taxpayer_id": ("如已换照，补录统一社会信用代码", "Enter the USCC if the licence was renewed"),
    "debtor_not_identified": (
        "补录识别号；境外主体、自然人等确无识别号的，说明理由",
        "Enter an id; say why where there is none: a foreign debtor, a natural person",
    ),
    "claim_period_shorter_than_30_days": (
        "核对公告日与截止日，申报期不得少于三十日",
        "Check both dates: at least 30 days",
    ),
    "claim_period_longer_than_3_months": (
        "核对公告日与截止日，申报期不得长于三个月",
        "Check both dates: at most 3 months",
    ),
    "meeting_before_claims_due": ("核对第一次债权人会议日期", "Check the date of the first creditors' meeting"),
    "anomaly_cases": (
        "核对来源是否读全、有无案件漏录",
        "See whether the source was read whole, and no case is missing",
    ),
    "anomaly_court": (
        "先核实该院是否停报、来源是否读全，再逐项核对",
        "See first whether the court fell silent or the source was not read whole, then each figure",
    ),
    "anomaly_rows": ("核对来源是否读全、有无漏录", "See whether the source was read whole, and nothing is missing"),
    "anomaly_amounts": ("核对金额单位与大额项目", "Check the unit of the amounts and the large ones"),
    "anomaly_held": ("核对退回案件的共同原因", "See what the held cases have in common"),
    "source_drift": (
        "核对案件库是否升级；按约定修改 sources 目录下的查询或代码对照",
        "See whether the database was upgraded; mend the query or the code map under sources",
    ),
    "required_value_missing": ("补录该项", "Enter the value"),
    "value_unreadable": ("按规定格式更正该项", "Enter the value in its form"),
    "unknown_code": (
        "更正为代码表中的代码，或由信息部门补充代码对照",
        "Use a code of the list, or have the code map extended",
    ),
    "duplicate_key": ("由承办人确认保留哪一行", "Let the clerk say which row holds"),
    "duplicate_row": ("删除重复行；本次只送一行", "Delete the extra row; one of them is sent"),
    "several_administrators": (
        "确认现任管理人；本次送最后指定的一个",
        "Confirm the present one; the last appointed is sent",
    ),
    "court_unknown": ("核对承办法院代码", "Check the court's code"),
    "dataset_not_supplied": (
        "属实则无须处理；来源库已建表的，请信息部门核对 sources 目录",
        "Nothing, if so; else have the queries under sources/ checked",
    ),
    "old_court_code_on_new_case": ("核对案号年份与法院代字", "Check the number's year and court code"),
    "calendar_not_official": (
        "按国务院办公厅通知补充日历文件后重新核对",
        "Add the calendar file from the State Council's notice",
    ),
    "docket_gap": (
        "查明缺号去向：用于其他类型、依法不公开、已移送或作废",
        "Say what became of each: other type, sealed, transferred or void",
    ),
    "control_total_differs": (
        "核对来源查询与数据库，找到少读或多读的行",
        "Compare query and database; find the rows that are missing or too many",
    ),
    "case_not_read": ("核对来源查询的取数条件", "Check the conditions of the source's query"),
    "ended_case_never_sent": (
        "在来源更新该案后下批补送，或说明不送的理由",
        "Touch the case at its source and it goes next time, or say why it does not",
    ),
    "sent_case_not_selected": (
        "受理被撤销、改号或重复录入的，撤回原案（exchange void-case）；已终结的，以更正送出（exchange "
        "correct）；登记有误的，更正后重读；说明去向",
        "Dismissed, renumbered, keyed twice: take it back (exchange void-case). Ended: send a correction (exchange "
        "correct). Else mend the register. Say which",
    ),
    "line_without_claim": ("补上该版本的申报行，或删除该明细", "Add the claim's row of that version, or drop the line"),
    "payment_without_claim": (
        "补上该版本的申报行，或删除该缴款行",
        "Add the claim's row of that version, or drop the payment",
    ),
    "payment_not_positive": ("核对金额；退库不在此列", "Check the amount; refunds don't belong here"),
    "payment_of_nothing_claimed": (
        "核对征收项目与所属期；只列所申报项目的缴款，已缴清而仍欠滞纳金的列滞纳金一行即可",
        "Check levy and period; a levy paid in full needs its late-fee line alone",
    ),
    "amount_negative": (
        "核对正负；冲减应以变更申报重报全部明细",
        "Check the sign; a reduction is an amendment in full",
    ),
    "total_is_not_sum_of_lines": ("核对总额与明细，以变更申报更正", "Compare total and lines; amend the claim"),
    "case_never_received": ("核对案号；法院尚未发送的案件应先联系法院", "Check the number, or ask the court about it"),
    "status_of_debtor_never_sent": (
        "从文件中删除该行；依征管法第八条只答复法院发送过的债务人",
        "Delete the row: tax secrecy (征管法8) covers debtors the court never named",
    ),
    "break_never_shared": (
        "请照抄清单中的差异编号，全部十六位。",
        "Copy the id from the list, all sixteen digits.",
    ),
    "act_unusable": (
        "编号以本单位编号开头，日期、季度、案号按约定书写，文字不超过两千字；改正后作为新事项送出",
        "Write ids, days, quarters and case numbers as agreed, at most 2,000 characters; send it as a new act",
    ),
    "debtor_never_sent": (
        "由税务端删除该行后重新应答（征管法第八条）",
        "The tax bureau deletes the row and answers again (征管法8)",
    ),
    "claim_without_lines": ("补齐明细；确无欠税费的用“无欠税费”申报", "Add the lines, or file it as nil"),
    "lines_on_empty_claim": ("删除明细，或改为变更申报", "Drop the lines, or file an amendment"),
    "version_does_not_fit_kind": ("更正版本号或申报类型", "Mend the version or the kind"),
    "supplement_names_no_claim": ("填写所补充的申报编号", "Name the claim it adds to"),
    "debtor_without_id": (
        "补录统一社会信用代码或原纳税人识别号；确无识别号的，说明理由",
        "Enter the USCC or the old taxpayer id; say why where there is none",
    ),
    "period_ends_before_it_starts": ("核对所属期起止", "Check both days of the period"),
}

NORMALISED: Final[Mapping[str, Words]] = {
    "half_width_brackets": ("案号括号为半角", "Half-width brackets"),
    "tortoise_shell_brackets": ("案号用六角括号", "Tortoise-shell brackets"),
    "other_brackets": ("案号用其他括号", "Other brackets"),
    "blanks_in_case_no": ("案号含空白", "Blanks in the case number"),
    "full_width_digits_in_case_no": ("案号含全角数字", "Full-width digits"),
    "blanks_around_name": ("名称前后有空白", "Blanks around a name"),
    "lower_case_uscc": ("信用代码含小写字母", "Lower case in the USCC"),
    "blanks_in_uscc": ("信用代码含空白", "Blanks in the USCC"),
    "other_width": ("其他全角半角差异", "Other width differences"),
}

URGENT: Final[Mapping[str, Words]] = {
    "major": ("重大案件", "Major case"),
    "claims_due_within_7_days": ("七日内债权申报截止", "Claims due within 7 days"),
    "accepted_within_7_days": ("七日内新受理", "Accepted within 7 days"),
    "by_officer": ("由承办人指定", "Named by an officer"),
}


def remedy(rule: str) -> Words:
    """How to mend what breaks a rule; `<column>_unknown` is a code off its list."""
    known = (
        REMEDIES["unknown_code"] if rule.endswith("_unknown") else ("核对并更正原记录", "Check the record and mend it")
    )
    return REMEDIES.get(rule, known)
