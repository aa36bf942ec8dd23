#include "control/mitigator/drivers/radius/cause.h"

#include <stddef.h>

#include "dataplane/base/slice.h"

static const struct {
	uint32_t cause;
	const char *text;
} causes[] = {
	{0, "no reason given / 理由の記載なし"},
	{201, "residual session context removed / 残っていたセッション情報を削除した"},
	{202, "invalid EAP packet / EAP パケットが不正"},
	{401, "it does not support an attribute of the order / 未対応の属性が含まれる"},
	{402, "an attribute it needs is missing / 必要な属性が足りない"},
	{403, "the order names another device / 装置の識別情報が一致しない"},
	{404, "it finds the order malformed / 要求の形式が不正"},
	{405, "it does not offer this service / この種類の要求に未対応"},
	{406, "it does not know this kind of order / この拡張に未対応"},
	{407, "it finds a value wrong, perhaps the VLAN / 属性の値が不正（VLAN 番号など）"},
	{501, "its administrator forbids it / 装置の管理設定により禁止"},
	{502, "the order could not be routed / 要求を中継できない"},
	{503, "it knows no such session / セッションが見つからない"},
	{504, "the session cannot be removed / セッションを切断できない"},
	{505, "a proxy on the way failed / 中継サーバーの処理に失敗"},
	{506, "it has no resources for it now / 装置の資源が不足"},
	{507, "it asks the server first / 装置がサーバーへ問い合わせ中"},
	{508, "several sessions match the order / 複数のセッションが該当する"},
};

const char *radius_cause_text(uint32_t cause)
{
	for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
		if (causes[i].cause == cause)
			return causes[i].text;
	}
	return "a reason without a name / 未定義の理由";
}
