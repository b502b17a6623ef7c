"""How pages speak for themselves: words of appeals, legal notices and page tools in the languages of the news.

Generic phrases, in lower case, that stand in such lines wherever they come from. One of them is not enough for a
sentence to be left out, see `furniture`: an article may speak of newsletters too.
"""

from __future__ import annotations

import re

from ahocorasick_rs import AhoCorasick, MatchKind

CUES = (
    # English
    "cookie", "newsletter", "subscribe", "subscription", "sign up", "sign-up", "sign in", "log in", "login",
    "all rights reserved", "terms of use", "terms of service", "privacy policy", "privacy notice",
    "unlimited access", "unlimited digital access", "advertisement", "scroll to continue", "follow us",
    "share this", "copyright", "©", "may not be published", "may not be reproduced", "click here",
    "clicking accept", "independent journalism", "becoming a member today", "become a member today",
    "becoming a member today", "our journalism", "have a tip", "news tip", "contact our newsroom", "free article",
    "article for free", "our app", "continue reading", "read more", "reporting by", "editing by", "unsubscribe",
    "house rules", "community guidelines", "ad blocker", "free bulletin",
    # German, Dutch, Nordic
    "datenschutz", "abonnieren", "jetzt anmelden", "alle rechte vorbehalten", "impressum", "kommentarfunktion",
    "unsere app", "mit der app", "mitglied unserer", "jetzt abonnent", "abonneer", "meld je aan", "alle rechten",
    "nieuwsbrief", "download de app", "privacybeleid", "reacties worden", "nyhedsbrev", "nyhetsbrev",
    "nyhetsbrevet", "prenumerera", "abonner på", "tilmeld dig", "alla rättigheter", "uutiskirje",
    # Romance
    "abonnez-vous", "inscrivez-vous", "tous droits réservés", "politique de confidentialité",
    "lettre d'information", "lettre d’information", "infolettre", "notre application", "se désabonner",
    "désinscrire", "suscríb", "suscribir", "todos los derechos", "política de privacidad", "nuestra aplicación",
    "nuestra app", "descarga la app", "darse de baja", "hágase socio", "hazte socio", "iscriviti",
    "tutti i diritti", "informativa sulla privacy", "scarica l'app", "scarica l’app", "la nostra app", "abbonati",
    "abbonarsi", "assine", "todos os direitos", "nossa app", "nosso aplicativo", "baixe o app", "abonează-te",
    "toate drepturile",
    # Slavic and their neighbours
    "zapisz się", "prenumer", "wszelkie prawa", "polityka prywatności", "polityce prywatności", "pobierz aplikację",
    "nasza aplikacja", "naszą aplikację", "wspieraj nas", "odběr novinek", "přihlaste se", "všechna práva",
    "předplatit", "předplaťte", "naši aplikaci", "odoberajte", "všetky práva", "pretplatite se", "sva prava",
    "абонирайте", "всички права", "подпишитесь", "подписаться", "подписывайтесь", "подписка на", "рассылк",
    "все права защищены", "политика конфиденциальности", "политикой конфиденциальности",
    "политике конфиденциальности", "обработки персональных данных", "наше приложение", "установите приложение",
    "куки", "підпишіться", "підписуйтесь", "розсилк", "усі права", "всі права", "політика конфіденційності",
    "політикою конфіденційності", "застосунок", "hírlevél", "iratkozz", "iratkozzon", "minden jog", "adatvédelmi",
    # Greek, Turkish, Arabic, Persian, Hebrew
    "εγγραφείτε", "ενημερωτικό δελτίο", "πολιτική απορρήτου", "όλα τα δικαιώματα", "η εφαρμογή", "εφαρμογή μας",
    "bültenimize", "e-bülten", "çerez", "gizlilik politikası", "tüm hakları", "uygulamamız", "uygulamayı indir",
    "النشرة البريدية", "نشرتنا", "اشترك", "ملفات تعريف الارتباط", "سياسة الخصوصية", "جميع الحقوق", "حمّل تطبيق",
    "تطبيقنا", "خبرنامه", "کوکی", "حریم خصوصی", "تمامی حقوق", "کلیه حقوق", "اپلیکیشن", "הירשמו", "כל הזכויות",
    # South and East Asia
    "न्यूज़लेटर", "कुकी", "गोपनीयता नीति", "सर्वाधिकार", "ऐप डाउनलोड", "हमारा ऐप", "คุกกี้", "จดหมายข่าว",
    "สมัครรับ", "สมัครสมาชิก", "สงวนลิขสิทธิ์", "นโยบายความเป็นส่วนตัว", "ดาวน์โหลดแอป", "แอปของเรา", "bản tin",
    "đăng ký nhận", "chính sách bảo mật", "tải ứng dụng", "berlangganan", "kebijakan privasi", "unduh aplikasi",
    "無断転載", "メールマガジン", "会員登録", "会員限定", "クッキー", "プライバシーポリシー",
    "アプリをダウンロード", "ニュースレター", "쿠키", "뉴스레터", "무단 전재", "무단전재", "재배포 금지",
    "앱을 다운로드", "版权所有", "版權所有", "订阅", "訂閱", "隐私政策", "隱私政策", "扫描二维码", "未经授权",
    "未經授權", "网友评论", "網友評論", "成为会员", "成為會員",
)  # fmt: skip
_cues = AhoCorasick(CUES, matchkind=MatchKind.LeftmostLongest)

#: The page speaks to its reader, or of itself.
_address = re.compile(
    r"\b(?:you|your|yours|we|our|us|ihre?[nmrs]?|sie|dein\w*|dich|wir|unser\w*|uns|vous|votre|vos|nous|notre|nos|usted"
    r"|tu|su|sus|te|nuestr[oa]s?|nosotros|suo|tuo|vostr[oaie]|nostr[oaie]|voi|você|seus?|suas?|noss[oa]s?|je|jouw|uw"
    r"|onze|wij|din|ditt|vår\w*|vores|dig|państwo|państwa|cię|twój|twoj\w*|nasz\w*|vás|vám|váš|vaš\w*|naš\w*|našich"
    r"|вас|вам|ваш\w*|мы|нас|нам|наш\w*|ви|ми|нас|вашо\w*|σας|μας|siz\w*|bize|bizim|sizler\w*|نحن|لكم|لك|بكم|شما|ما"
    r"|आप\w*|हम\w*|bạn|chúng|anda|kami|kita)\b"
    r"|您|你|我们|我們|本网|本網|本报|本報|本站|あなた|当社|弊社|当サイト|本紙|คุณ|เรา|ท่าน|귀하|저희|본지|당신",
    re.IGNORECASE,
)


def count_cues(line: str) -> int:
    """How many of CUES stand in a line, none counted within another."""
    return len(_cues.find_matches_as_indexes(line.lower()))


def is_addressed(line: str) -> bool:
    """Whether the line speaks to its reader, or of the one who speaks."""
    return _address.search(line) is not None
