"""What an alert says: the words of each rule, and what is done about it. Shared by the watch and the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ESCALATION: Final = "alerts_unacknowledged"

TITLES: Final[Mapping[str, tuple[str, str]]] = {
    "major": ("重大案件", "a major case"),
    "claims_due_within_7_days": ("债权申报期限在七日内届满", "the claim period ends within 7 days"),
    "accepted_within_7_days": ("七日内新受理", "accepted within the last 7 days"),
    "held": ("紧急案件被校验拦下，未能传送", "an urgent case is held by the checks and was not sent"),
    "urgent_waits": ("紧急案件待人员说明或批准，尚未传送", "an urgent case waits for an officer and was not sent"),
    "receipt_overdue": ("对方回执逾期", "the other side's receipt is overdue"),
    "rejected": ("对方拒收，需重新传送", "the other side refused it; it has to be sent anew"),
    "packet_refused": ("收到的数据包被拒收", "a packet that arrived was refused"),
    "packet_fork": ("同一编号出现两个不同的数据包", "two different packets under one number"),
    "review_overdue": ("事后复核逾期", "the review after an urgent release is overdue"),
    "quarter_overdue": ("季度交换超过约定工作日未送出", "the quarter's exchange is past its agreed working day"),
    "breaks_unanswered": ("对方未按约定期限答复差异", "the other side has not answered shared breaks in time"),
    "break_answers_due": ("我方答复差异的期限将至或已过", "our answers to shared breaks are due"),
    "resolution_overdue": ("联席会议决议逾期未办结", "a resolution of the joint meeting is past its day"),
    "statement_differs": ("对方所签对账单与我方有差异", "the other side's signed statement differs from ours"),
    "statement_refused_there": ("对方退回了对账单", "the other side refused the statement"),
    "statement_unusable": ("收到的对账单无法核对", "a statement that arrived can't be read or proven"),
    "contract_overlap_ends": ("旧版约定即将停止接收", "the earlier contract is accepted for a few days more"),
    "calendar_not_official": ("下一季度所在年度的工作日历尚未公布", "the next quarter's year has no official calendar"),
    ESCALATION: ("预警逾期未确认，请复核人员处理", "alerts nobody has acknowledged in time: a reviewer acts"),
}
"""Rule → what an officer reads, Chinese and English."""

TO_DO: Final[Mapping[str, tuple[str, str]]] = {
    "major": ("核对该案传送情况，与对方联络员通气", "See how it was sent, and tell the other side"),
    "claims_due_within_7_days": ("确认对方已收到该案，提醒其按期申报", "See that the other side has it and files"),
    "accepted_within_7_days": ("核对该案是否已送达对方", "See that it reached the other side"),
    "held": ("按校验结果更正来源数据，更正后自动传送", "Mend the record as the checks say; it then goes by itself"),
    "urgent_waits": ("说明理由或批准", "Give the reason, or approve it"),
    "receipt_overdue": ("联系对方联络员，核对通道与密钥", "Call the other side; look at channel and keys"),
    "rejected": ("按回执代码更正后重新传送", "Mend what the receipt's code says, and send it anew"),
    "packet_refused": ("按手册处理；对方已收到回执", "Act as the handbook says; the other side has the receipt"),
    "packet_fork": ("两人核对，查明哪一个为真", "Two people find out which one is meant"),
    "review_overdue": ("由另一名人员事后复核", "Another officer looks at it afterwards"),
    "quarter_overdue": ("查看本季度交换停在哪一步", "See where the quarter's exchange has stopped"),
    "breaks_unanswered": ("联系对方联络员，请其答复", "Call the other side and ask for its answers"),
    "break_answers_due": ("在“差异”中答复对方", "Answer them on the page Breaks"),
    "resolution_overdue": (
        "办结后在“联席会议”填写办理结果，或与对方另定期限",
        "See it done and say so on the page Joint meeting, or agree on another day",
    ),
    "statement_differs": ("逐行核对差异，与对方协商", "Go through the lines that differ, and talk to the other side"),
    "statement_refused_there": ("查看退回理由，更正后重新签署", "See why, mend it and sign anew"),
    "statement_unusable": ("请对方重新发送", "Ask the other side to send it again"),
    "contract_overlap_ends": ("换用新版约定", "Change over to the new version"),
    "calendar_not_official": ("按国务院办公厅通知补充日历文件", "Add the calendar once the State Council announces it"),
}
"""Rule → what an officer does, Chinese and English."""
