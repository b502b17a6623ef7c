"""What stands in place of an article says so in words: the phrases of walls, in the languages of the news.

All in lower case, with straight apostrophes and single spaces, as `flatten` writes a text. They are evidence for texts
that are too short for an article only, see `ingest.walls`; subscription appeals as such are known to `copies.appeals`.
"""

from __future__ import annotations

import re

_STRAIGHT = str.maketrans({"’": "'", "‘": "'", "`": "'", "\xa0": " "})  # these are what is replaced


def flatten(text: str) -> str:
    r"""Write a text as the phrases are written.

    >>> flatten("Vous n’êtes\xa0pas  CONNECTÉ")
    "vous n'êtes pas connecté"
    """
    return " ".join(text.translate(_STRAIGHT).lower().split())


#: How a title says, with status 200, that there is no such page; a number may stand around it.
MISSING = (
    # English
    "page not found", "the page was not found", "page cannot be found", "page could not be found",
    "page can't be found", "the page cannot be found", "the page could not be found", "this page could not be found",
    "this page can't be found", "page doesn't exist", "page does not exist", "this page doesn't exist",
    "this page does not exist", "page isn't available", "page is not available", "this page isn't available",
    "this page is no longer available", "page no longer available", "page unavailable", "page missing", "missing page",
    "we can't find that page", "we couldn't find that page", "we can't find the page", "we can't find this page",
    "sorry, we can't find that page", "article not found", "story not found", "content not found", "not found",
    "nothing found", "file not found", "document not found", "no longer available", "content unavailable",
    "article no longer available", "this article is no longer available", "this story is no longer available",
    "this content is no longer available", "page not available", "page was not found", "page is missing",
    # German, Dutch, Nordic
    "seite nicht gefunden", "seite wurde nicht gefunden", "die seite wurde nicht gefunden",
    "diese seite wurde nicht gefunden", "seite nicht verfügbar", "seite existiert nicht",
    "diese seite existiert nicht", "diese seite gibt es nicht", "artikel nicht gefunden", "nicht gefunden",
    "inhalt nicht gefunden", "inhalt nicht mehr verfügbar", "artikel nicht mehr verfügbar", "pagina niet gevonden",
    "deze pagina bestaat niet", "deze pagina is niet gevonden", "artikel niet gevonden", "niet gevonden",
    "sidan hittades inte", "sidan kunde inte hittas", "sidan finns inte", "hittar inte sidan", "siden ble ikke funnet",
    "fant ikke siden", "siden finnes ikke", "siden blev ikke fundet", "siden findes ikke", "siden kunne ikke findes",
    "sivua ei löydy", "sivua ei löytynyt", "síða fannst ekki",
    # Romance
    "page introuvable", "page non trouvée", "la page n'existe pas", "cette page n'existe pas",
    "cette page n'existe plus", "cette page est introuvable", "page inexistante", "article introuvable",
    "contenu introuvable", "página no encontrada", "la página no existe", "esta página no existe",
    "página no disponible", "no se encontró la página", "no encontramos la página", "artículo no encontrado",
    "contenido no encontrado", "pagina non trovata", "la pagina non esiste", "questa pagina non esiste",
    "pagina inesistente", "articolo non trovato", "contenuto non trovato", "página não encontrada",
    "a página não existe", "esta página não existe", "página não existe", "página inexistente",
    "conteúdo não encontrado", "artigo não encontrado", "pagina nu a fost găsită", "pagina nu există",
    "pàgina no trobada",
    # Slavic and their neighbours
    "nie znaleziono strony", "strona nie istnieje", "strona nie została znaleziona", "nie ma takiej strony",
    "strony nie znaleziono", "stránka nenalezena", "stránka nebyla nalezena", "stránka neexistuje",
    "stránka nenájdená", "stránka sa nenašla", "stránka nebola nájdená", "stranica nije pronađena",
    "stranica ne postoji", "stran ni bila najdena", "страница не найдена", "такой страницы нет",
    "страница не существует", "такой страницы не существует", "материал не найден", "сторінку не знайдено",
    "сторінка не знайдена", "сторінки не існує", "такої сторінки не існує", "старонка не знойдзена",
    "страницата не е намерена", "страницата не съществува", "страница није пронађена", "страницата не е пронајдена",
    "az oldal nem található", "a keresett oldal nem található", "az oldal nem létezik", "lehte ei leitud",
    "puslapis nerastas", "lapa nav atrasta", "faqja nuk u gjet", "η σελίδα δεν βρέθηκε", "η σελίδα δεν υπάρχει",
    "sayfa bulunamadı", "aradığınız sayfa bulunamadı", "səhifə tapılmadı", "გვერდი ვერ მოიძებნა",
    "էջը չի գտնվել",
    # Arabic, Persian, Hebrew
    "الصفحة غير موجودة", "لم يتم العثور على الصفحة", "الصفحة المطلوبة غير موجودة", "صفحه پیدا نشد",
    "صفحه یافت نشد", "صفحه مورد نظر یافت نشد", "הדף לא נמצא", "העמוד לא נמצא", "הדף המבוקש לא נמצא",
    # South and East Asia
    "पृष्ठ नहीं मिला", "पेज नहीं मिला", "ไม่พบหน้า", "ไม่พบหน้าที่คุณต้องการ", "không tìm thấy trang",
    "trang không tồn tại", "halaman tidak ditemukan", "halaman tidak dijumpai", "ページが見つかりません",
    "ページが見つかりませんでした", "お探しのページは見つかりませんでした", "お探しのページが見つかりません",
    "页面不存在", "頁面不存在", "找不到页面", "找不到頁面", "页面未找到", "找不到网页", "您访问的页面不存在",
    "페이지를 찾을 수 없습니다", "요청하신 페이지를 찾을 수 없습니다", "존재하지 않는 페이지입니다",
)  # fmt: skip

#: That the page needs JavaScript.
NEEDS_SCRIPT = (
    "enable javascript", "enable java script", "javascript is disabled", "javascript has been disabled",
    "javascript is required", "javascript must be enabled", "javascript is not enabled", "requires javascript",
    "javascript enabled", "turn on javascript", "activate javascript", "without javascript", "javascript to run",
    "enable cookies", "javascript aktivieren", "aktivieren sie javascript", "aktiviere javascript",
    "javascript ist deaktiviert", "javascript muss aktiviert", "javascript is uitgeschakeld", "schakel javascript in",
    "javascript inschakelen", "aktivera javascript", "aktivér javascript", "aktiver javascript", "slå på javascript",
    "ota javascript käyttöön", "activer javascript", "activez javascript", "javascript est désactivé",
    "javascript doit être activé", "habilitar javascript", "habilite javascript", "activar javascript",
    "active javascript", "activa javascript", "javascript está desactivado", "javascript está deshabilitado",
    "abilitare javascript", "abilita javascript", "attiva javascript", "attivare javascript",
    "javascript è disabilitato", "ative o javascript", "ativar o javascript", "habilite o javascript",
    "javascript desativado", "włącz javascript", "włączyć javascript", "włącz obsługę javascript",
    "javascript jest wyłączon", "zapněte javascript", "povolte javascript", "zapnite javascript",
    "povoľte javascript", "omogućite javascript", "включите javascript", "включить javascript",
    "javascript отключен", "javascript выключен", "отключён javascript", "увімкніть javascript",
    "javascript вимкнено", "активирайте javascript", "engedélyezze a javascript", "kapcsolja be a javascript",
    "activați javascript", "ενεργοποιήστε τη javascript", "ενεργοποιήσετε τη javascript", "javascript'i etkinleştir",
    "javascript etkinleştir", "javascript devre dışı", "تفعيل جافا سكريبت", "تفعيل javascript", "تمكين javascript",
    "javascript را فعال", "הפעל javascript", "להפעיל javascript", "javascript सक्षम", "เปิดใช้งาน javascript",
    "bật javascript", "aktifkan javascript", "javascriptを有効", "javascriptが無効", "启用javascript",
    "启用 javascript",
    "啟用javascript", "啟用 javascript", "开启javascript", "자바스크립트를 활성화", "javascript를 활성화",
    "javascript를 사용",
)  # fmt: skip

#: That consent is asked for before anything is shown.
ASKS_CONSENT = (
    "before you continue to", "we value your privacy", "we care about your privacy", "your privacy choices",
    "partners store and access information", "access information on your device",
    "store and access information on a device", "store or access information on a device",
    "your privacy is important", "our partners store", "our partners use cookies", "partners, store and/or access",
    "store and/or access information on a device", "manage your cookie", "cookie preferences", "cookie settings",
    "accept all cookies", "accept cookies", "agree to the use of cookies", "consent to the use of cookies",
    "consent to cookies", "we use cookies", "uses cookies", "gdpr consent", "accept and continue",
    "wir benötigen ihre zustimmung", "wir benötigen deine zustimmung", "wir brauchen ihre zustimmung",
    "ihre zustimmung", "ihre privatsphäre", "deine privatsphäre", "alle cookies akzeptieren", "cookies zulassen",
    "cookies akzeptieren", "mit werbung weiterlesen", "mit werbung und cookies", "weiter mit werbung",
    "einwilligung in die", "datenschutzeinstellungen", "cookie-einstellungen", "wij gebruiken cookies",
    "we gebruiken cookies", "alle cookies accepteren", "cookies accepteren", "uw privacy", "je privacy",
    "vi använder cookies", "acceptera cookies", "acceptera kakor", "vi bruker informasjonskapsler", "vi bruger cookies",
    "accepter cookies", "godta alle", "käytämme evästeitä", "hyväksy evästeet", "utilisons des cookies",
    "votre consentement", "votre vie privée", "accepter les cookies", "continuer sans accepter", "tout accepter",
    "accepter et continuer", "nos partenaires utilisons", "utilizamos cookies", "usamos cookies", "su privacidad",
    "tu privacidad", "aceptar las cookies", "aceptar cookies", "aceptar y continuar", "rechazar y suscribirse",
    "utilizziamo i cookie", "utilizza i cookie", "usiamo i cookie", "la tua privacy", "il tuo consenso",
    "accetta i cookie", "accetta e continua", "continua senza accettare", "rifiuta e abbonati", "sua privacidade",
    "aceitar cookies", "aceitar os cookies", "o seu consentimento", "szanujemy twoją prywatność",
    "twoja prywatność", "używamy plików cookie", "przejdź do serwisu", "akceptuję i przechodzę", "zgoda na cookies",
    "používáme cookies", "souhlas s cookies", "souhlasím a pokračovat", "vážíme si vašeho soukromí",
    "používame cookies", "súhlas s cookies", "koristimo kolačiće", "prihvati kolačiće", "sütiket használ",
    "sütik elfogadása", "folosim cookie", "acceptă cookie", "използваме бисквитки", "мы используем файлы cookie",
    "мы используем cookie", "использует файлы cookie", "использует cookie", "ми використовуємо файли cookie",
    "використовує файли cookie", "згода на використання", "χρησιμοποιούμε cookies", "αποδοχή cookies",
    "çerezleri kabul", "çerez kullan", "نستخدم ملفات تعريف الارتباط", "قبول ملفات تعريف", "אנו משתמשים בעוגיות",
    "คุกกี้ทั้งหมด", "ใช้คุกกี้", "sử dụng cookie", "menggunakan cookie", "クッキーを使用", "cookieを使用",
    "cookieの使用に同意", "使用cookie", "使用 cookie", "쿠키를 사용", "쿠키 사용에 동의",
    "before you continue", "bevor sie fortfahren", "avant de continuer", "antes de continuar", "prima di continuare",
    "partner verwenden cookies", "wir verwenden cookies", "partners gebruiken cookies", "geef toestemming",
    "partner använder cookies", "godkänn cookies", "acepta las cookies", "acceptez les cookies", "wyraź zgodę",
    "используем файлы cookie", "используем cookie", "примите файлы cookie", "aceite os cookies",
    "soubory cookie, abychom", "permission to use cookies",
)  # fmt: skip

#: Titles of checks for robots.
CHALLENGE_TITLES = (
    "just a moment", "attention required! | cloudflare", "attention required", "access denied",
    "access to this page has been denied", "pardon our interruption", "are you a robot", "are you human",
    "human verification", "robot check", "security check", "security checkpoint", "bot verification", "captcha",
    "please verify you are a human", "please verify you are human", "verify you are human", "verifying your browser",
    "checking your browser", "one moment, please", "please wait", "ddos-guard", "ddos protection", "challenge",
    "vercel security checkpoint", "robot or human", "client challenge", "making sure you're not a bot",
    "un momento", "un instant", "einen moment", "nur einen moment", "sicherheitsprüfung", "vérification de sécurité",
    "проверка браузера", "проверка безопасности", "подтвердите, что вы не робот", "ой!", "请稍候", "安全验证",
    "安全检查", "しばらくお待ちください", "잠시만 기다리",
)  # fmt: skip

#: What checks for robots say.
CHALLENGES = (
    "verify you are human", "verify that you are human", "verify you are not a robot",
    "verify that you are not a robot",
    "verify you're human", "verify you're not a robot", "confirm you are human", "confirm that you are human",
    "confirm you are not a robot", "prove you are human", "prove you're human", "you are not a robot",
    "you're not a robot", "i am not a robot", "i'm not a robot", "checking your browser", "checking if you are human",
    "checking if the site connection is secure", "the site connection is secure", "verify your browser",
    "verifying your browser", "confirm your browser", "unusual traffic", "unusual activity", "automated access",
    "automated requests", "complete the captcha", "solve the captcha", "complete the security check", "ray id",
    "press & hold", "press and hold to confirm", "incapsula incident", "request unsuccessful",
    "you have been blocked", "access denied", "access is denied", "access has been denied",
    "access to this page has been denied", "powered and protected by", "ddos protection by",
    "made us think you might be a bot", "made us think that you are a bot", "needs to review the security",
    "dass sie kein roboter sind", "dass sie ein mensch sind", "ungewöhnlicher datenverkehr",
    "ihr browser wird überprüft",
    "que vous n'êtes pas un robot", "que vous êtes un humain", "vérification de votre navigateur", "trafic inhabituel",
    "que no eres un robot", "que no es un robot", "que eres humano", "tráfico inusual", "che non sei un robot",
    "di non essere un robot", "traffico insolito", "que você não é um robô", "que não é um robô", "tráfego incomum",
    "dat je geen robot bent", "dat u geen robot bent", "że nie jesteś robotem", "nietypowy ruch", "že nejste robot",
    "že nie ste robot", "что вы не робот", "что вы человек", "проверка вашего браузера", "необычный трафик",
    "подозрительный трафик", "що ви не робот", "перевірка вашого браузера", "robot olmadığınızı", "أنك لست روبوت",
    "أنك إنسان", "私はロボットではありません", "ロボットではないこと", "您不是机器人", "您是真人", "不是機器人",
    "로봇이 아닙니다", "로봇이 아님", "bukan robot", "không phải là robot", "ไม่ใช่โปรแกรมอัตโนมัติ",
)  # fmt: skip

#: That what follows is for subscribers. Said of newsletters or in passing, no page says it so.
FOR_SUBSCRIBERS = (
    "this article is for subscribers", "this story is for subscribers", "this content is for subscribers",
    "article is for subscribers only", "is available to subscribers", "available only to subscribers",
    "available exclusively to subscribers", "is exclusively for subscribers", "exclusive to subscribers",
    "exclusively for subscribers", "for subscribers only",
    "is for paid subscribers", "for paying subscribers",
    "subscribe to read", "subscribe to continue", "subscribe now to read", "subscribe now to continue",
    "subscribe to keep reading", "subscribe to access", "subscribe to unlock", "subscribe for full access",
    "to continue reading this", "to continue reading, ", "to keep reading, ", "to read the full article",
    "to read the full story", "to read the rest of this", "to read this article", "to read this story",
    "log in to continue reading", "login to continue reading", "sign in to continue reading", "sign in to read",
    "sign up to continue reading", "register to continue reading", "register to read", "register for free to read",
    "already a subscriber", "already have a subscription", "already a member? ", "want to read more? subscribe",
    "you have reached your limit", "you've reached your limit", "reached your article limit",
    "free articles this month",
    "remaining free articles", "unlock this article", "unlock the full", "get full access to",
    "purchase a subscription to", "you must be a subscriber", "requires a subscription",
    "jetzt weiterlesen", "weiterlesen mit", "weiterlesen nur für", "um weiterzulesen", "sie möchten weiterlesen",
    "um diesen artikel zu lesen", "diesen artikel weiterlesen", "den ganzen artikel lesen", "abonnenten vorbehalten",
    "exklusiv für abonnenten", "nur für abonnenten", "für abonnenten lesbar", "dieser artikel ist kostenpflichtig",
    "dieser inhalt ist kostenpflichtig", "sie sind bereits abonnent", "sie haben bereits ein abo", "bereits abonnent",
    "bereits registriert?", "mit plus-abo", "zugang zu allen plus", "alle plus-artikel", "alle f+ artikel",
    "lees verder met", "om verder te lezen", "verder lezen?", "alleen voor abonnees", "exclusief voor abonnees",
    "al abonnee?", "bent u al abonnee", "ben je al abonnee", "för att läsa vidare",
    "läs vidare med", "endast för prenumeranter", "redan prenumerant", "redan kund?",
    "les videre med", "for å lese videre", "kun for abonnenter", "allerede abonnent",
    "for at læse videre", "læs videre med", "artiklen er for abonnenter", "oletko jo tilaaja",
    "jatka lukemista tilaajana", "réservé aux abonnés", "réservée aux abonnés", "réservés aux abonnés",
    "pour lire la suite", "lire la suite de l'article", "la suite est réservée", "déjà abonné",
    "déjà abonnée", "pour continuer la lecture", "poursuivre la lecture", "abonnez-vous pour lire",
    "abonnez-vous pour continuer", "exclusivement aux abonnés", "solo para suscriptores",
    "exclusivo para suscriptores", "exclusiva para suscriptores", "para seguir leyendo",
    "para continuar leyendo", "para leer el artículo completo", "sigue leyendo con", "ya eres suscriptor",
    "ya soy suscriptor", "¿ya estás suscrito", "suscríbete para seguir", "suscríbete para leer",
    "riservato agli abbonati", "riservata agli abbonati", "solo per gli abbonati",
    "per continuare a leggere", "per continuare la lettura", "continua a leggere con", "sei già abbonato",
    "già abbonato?", "abbonati per leggere", "abbonati per continuare", "exclusivo para assinantes",
    "exclusivo para subscritores", "para continuar lendo", "para continuar a ler",
    "já é assinante", "já sou assinante", "assine para ler", "assine para continuar", "doar pentru abonați",
    "aby czytać dalej",
    "czytaj dalej z", "dalsza część artykułu", "dostęp do artykułu", "masz już prenumeratę",
    "pouze pro předplatitele", "pokračování článku", "už jste předplatitel",
    "jste již předplatitel", "len pre predplatiteľov", "máte predplatné", "samo za pretplatnike",
    "только для подписчиков", "доступно по подписке", "доступен по подписке",
    "доступна по подписке", "оформите подписку, чтобы", "чтобы читать дальше",
    "чтобы продолжить чтение", "уже есть подписка", "лише для передплатників", "тільки для передплатників",
    "оформіть підписку, щоб", "щоб читати далі", "само за абонати",
    "csak előfizetők", "a teljes cikk elolvasásához", "már előfizető",
    "μόνο για συνδρομητές", "abonelere özel", "sadece aboneler", "devamını okumak için abone",
    "للمشتركين فقط", "حصري للمشتركين", "لمتابعة القراءة", "לקריאת הכתבה המלאה", "למנויים בלבד", "כתבה זו למנויים",
    "केवल सदस्यों", "सब्सक्राइबर्स के लिए", "สำหรับสมาชิกเท่านั้น", "khusus pelanggan",
    "untuk melanjutkan membaca", "有料会員限定", "この記事は有料", "有料会員になると", "続きを読むには",
    "ログインして続き", "付费阅读", "付費閱讀", "订阅后阅读", "订阅后可", "訂閱後", "仅限会员", "会员专享", "會員專享",
    "구독자 전용", "구독 후", "로그인 후 이용",
    "already subscribe?", "keep reading with", "continue reading with", "with a digital subscription",
    "become a subscriber to", "subscribers can read", "dostupný pouze předplatitelům", "jen pro předplatitele",
    "předplaťte si", "pouze předplatitelům", "kræver abonnement", "krever abonnement", "kräver prenumeration",
    "vain tilaajille", "vereist een abonnement", "word abonnee om", "bli prenumerant för", "requiere suscripción",
    "requer assinatura", "доступен только подписчикам", "только подписчикам", "лише для підписників",
    "tylko dla prenumeratorów", "tylko dla subskrybentów", "doar abonaților", "yalnızca abonelere",
    "okumaya devam etmek için", "chỉ dành cho thuê bao", "회원 전용",
)  # fmt: skip

#: Labels of articles for subscribers; in a whole sentence they say nothing.
LABELS = (
    "premium content", "subscribers only", "subscriber-only", "subscriber only", "subscriber exclusive",
    "for members only", "members-only", "voor abonnees", "för prenumeranter", "for abonnenter", "tilaajille",
    "para suscriptores", "per gli abbonati", "para assinantes", "pentru abonați", "dla prenumeratorów",
    "dla subskrybentów", "dla abonentów", "pro předplatitele", "pre predplatiteľov", "za pretplatnike",
    "для подписчиков", "для передплатників", "за абонати", "előfizetőknek", "előfizetőink", "για συνδρομητές",
    "会員限定", "dành cho thành viên", "유료 회원", "유료회원",
)  # fmt: skip

#: Parts of words for those who pay, and for doing so: what is said of them beside an appeal goes on with it.
SUBSCRIBING = (
    "subscri", "abonn", "abbon", "suscri", "assin", "abonament", "prenumer", "předplat", "predplat", "pretplat",
    "подпис", "передплат", "абонам", "előfizet", "συνδρομ", "συνδεθείτε", "abone", "اشترا", "مشترك", "מנוי", "会員",
    "會員", "会员", "订阅", "訂閱", "구독", "tilaa", "pelanggan",
)  # fmt: skip

#: What stands in a sentence of a wall, of whichever kind.
PHRASES = (*MISSING, *NEEDS_SCRIPT, *ASKS_CONSENT, *CHALLENGES, *FOR_SUBSCRIBERS)

#: How much of the text is left for subscribers.
REMAINDER = re.compile(
    r"il vous reste [\d.,]+ ?%|pozostało [\d.,]+ ?%|zbývá vám [\d.,]+ ?%|(?:残り|残り:)\s?[\d,]+ ?文字"
    r"|[\d.,]+ ?% (?:of this article|des artikels|del artículo|dell'articolo|do artigo|artykułu|статьи|článku)"
)

#: Titles of pages to log in.
LOGIN_TITLES = (
    "log in", "login", "sign in", "log on", "member login", "subscriber login", "please log in", "please sign in",
    "log in or sign up", "sign in or register", "log in to your account", "sign in to your account", "anmelden",
    "einloggen", "anmeldung", "inloggen", "aanmelden", "logga in", "logg inn", "log ind", "kirjaudu", "kirjaudu sisään",
    "connexion", "se connecter", "connectez-vous", "identifiez-vous", "identification", "iniciar sesión",
    "inicia sesión", "inicio de sesión", "acceder", "accedi", "accesso", "entrar", "iniciar sessão", "fazer login",
    "autentificare", "conectare", "zaloguj się", "zaloguj", "logowanie", "přihlášení", "přihlásit se", "prihlásenie",
    "prihlásiť sa", "prijava", "bejelentkezés", "belépés", "вход", "войти", "авторизация", "вхід", "увійти",
    "авторизація", "σύνδεση", "είσοδος", "giriş yap", "giriş", "oturum aç", "تسجيل الدخول", "ورود", "התחברות",
    "כניסה", "लॉग इन", "เข้าสู่ระบบ", "đăng nhập", "masuk", "ログイン", "登录", "登錄", "登入", "로그인",
)  # fmt: skip

#: That a sentence speaks to its reader, or of the page and its makers. Left out is what is another word in the next
#: language: "du", "din", "je", "vi", "nos", "su".
ADDRESS = re.compile(
    r"\b(?:you|your|yours|yourself|we(?! (?:wt|śr|wr|ws|wł|wn|fr))|our|dein\w*|dich|dir|wir|unser\w*|vous|votre|vos"
    r"|nous|notre|nos (?:partenaires|lecteurs|services|conditions|abonnés)|usted|ustedes|tus|nosotros|nuestr[oa]s?"
    r"|vostr[oaie]|nostr[oaie]|tua|tuoi|você|vocês|nós|noss[oa]s?|jouw|uw|wij|onze (?:partners|site|website|lezers)"
    r"|(?:die|dat|als|bent|kunt|heeft|wilt) (?:u|je)"
    r"|du (?:är|er|har|kan|må|måste|skal|ska|søger|söker|leter|letar|prøver|försöker)|ditt|vår|våra|vårt|våre|vores"
    r"|sinä|sinun|sinulle|meidän|państwo|państwa|cię|twój|twoj\w*|nasz[aeiy]?|naszych|naszej"
    r"|vás|vám|váš|vaše|vašeho|vašem|naši|naše|našich|вы|вас|вам|вами|ваш(?:а|е|и|его|ей|ему|ем|им|их|у|ими)?|мы|нас|нам"
    r"|наш(?:а|е|его|ей|ему|ем|им|их|у|ими)?|ви|вашо\w*|önnek|önt|ön|σας|μας|siz\w*|biz|bizim|ortaklarımız|نحن|لكم|لك|بك|شما"
    r"|आप\w*|हम|हमारे|bạn|anda|kami|dumneavoastră|dvs|this (?:page|site|website|article|app|content|story)"
    r"|diese[rsn]? (?:seite|artikel|inhalt|website|webseite)|cet article|cette page|ce site|ce contenu"
    r"|este (?:artículo|sitio|artigo|site|contenido|conteúdo)|esta página|questo (?:articolo|sito|contenuto)"
    r"|questa pagina|ten artykuł|ta strona|tento článek|tato stránka|эт(?:от|ого) (?:сайт|материал|текст)\w*"
    r"|эта страница|dit artikel|deze (?:pagina|site)|den här (?:artikeln|sidan)|denne (?:artikkelen|artikel|siden)"
    r"|bu (?:içerik|sayfa)\w*)\b|您|你|我们|我們|本网|本網|本站|此页面|此頁面|あなた|お客様|お探し|当サイト|このサイト"
    r"|このページ|この記事|คุณ|เรา|ท่าน|귀하|저희|요청하신|이 기사|이 페이지|이 사이트",
    re.IGNORECASE,
)

#: That a sentence asks or excuses itself; and the words for "you" and "us" that are others in other letters.
POLITE = re.compile(
    r"(?<=[a-zäöüß,] )(?:Sie|Ihnen|Ihr(?:e[nmrs]?)?)\b|\bus\b"
    r"|\b(?i:please|sorry|oops|bitte|leider|veuillez|désolés?|por favor|lo sentimos|per favore|spiacenti|desculpe"
    r"|alstublieft|helaas|beklager|vänligen|tyvärr|venligst|desværre|valitettavasti|prosím|prosimy|proszę"
    r"|przepraszamy|omlouváme|пожалуйста|к сожалению|будь ласка|на жаль|вибачте|kérjük|sajnáljuk|λυπούμαστε|παρακαλώ"
    r"|lütfen|üzgünüz|يرجى|عذرا|عذراً|نأسف|لطفا|متأسفیم|कृपया|क्षमा|vui lòng|rất tiếc|mohon|silakan|maaf)\b"
    r"|ください|下さい|すみません|申し訳|请|請|抱歉|对不起|對不起|ขออภัย|กรุณา|โปรด|십시오|세요|바랍니다|죄송"
)

#: What a page for consent speaks of.
COOKIES = (
    "cookie", "cooki", "kakor", "kapsler", "eväste", "kolačić", "бисквитк", "куки", "çerez", "ملفات تعريف", "کوکی",
    "עוגיות", "कुकी", "คุกกี้", "クッキー", "쿠키", "tracking", "privacy", "datenschutz", "privatsphäre", "vie privée",
    "privacidad", "privacidade", "prywatno", "soukrom", "zustimm", "einwillig", "consent",
    "隐私", "隱私", "プライバシー",
)  # fmt: skip

#: What is written on the button that agrees, and on the one that does not; the whole of it, or its beginning.
AGREE = re.compile(
    r"\A(?:i )?(?:accept|agree|allow|yes, i|got it|ok(?:ay)?\b|alle[sn]? akzeptieren|(?:alle )?(?:cookies )?akzeptieren"
    r"|zustimmen|einwilligen|einverstanden|alle[s]? accepteren|accepteren|akkoord|toestaan|godkänn|acceptera|tillåt"
    r"|godta|aksepter|accepter|tillad|hyväksy|salli|tout accepter|accepter|j'accepte|autoriser|aceptar|acepto|permitir"
    r"|aceitar|aceito|concordo|accetta|accetto|acconsent|akceptuj|zgadzam|zaakceptuj|přijmout|souhlas|povolit|prijať"
    r"|súhlas|prihvati|prihvaćam|sprejmi|elfogad|hozzájárul|accept[ăa]|sunt de acord|приема|съглас|принять|принимаю"
    r"|соглас|разрешить|прийняти|погодж|дозволити|прихвати|αποδοχή|αποδέχομαι|συμφωνώ|(?:tümünü )?kabul|onayl|izin ver"
    r"|قبول|موافق|أوافق|پذیر|אישור|קבל|אני מסכים|स्वीकार|सहमत|ยอมรับ|chấp nhận|đồng ý|terima|setuju|同意|接受|允许"
    r"|すべて同意|許可|同意する|承諾|동의|수락|모두 허용)"
)
DISAGREE = re.compile(
    r"\A(?:i )?(?:reject|decline|refuse|deny|disagree|no,? thanks|do not|don't|necessary only|only necessary|essential"
    r"|alle[s]? ablehnen|ablehnen|nur notwendige|nur erforderliche|weiger|alles weigeren|afwijzen|alleen noodzakelijke"
    r"|avvisa|neka|endast nödvändiga|avvis|kun nødvendige|afvis|bare nødvendige|hylkää|vain välttämättömät|kiellä"
    r"|tout refuser|refuser|je refuse|continuer sans|rechazar|rechazo|solo necesarias|rejeitar|recusar|apenas necess"
    r"|rifiut|continua senza|solo necessari|odrzu|nie zgadzam|tylko niezbędne|odmítnout|nesouhlas|pouze nezbytné"
    r"|odmietnuť|nesúhlas|odbij|zavrni|elutasít|nem fogad|refuz|respinge|отказ|отхвърл|отклон|не соглас|только необх"
    r"|відхил|не погодж|лише необхідні|одбиј|απόρριψη|απορρίπτω|reddet|kabul etm|رفض|لا أوافق|نپذیر|דחה|דחייה|अस्वीकार"
    r"|ปฏิเสธ|từ chối|tolak|拒绝|拒絕|不同意|すべて拒否|拒否|同意しない|거부|동의하지|거절)"
    r"|(?:\A|\s)(?:settings|einstellungen|paramètres|instellingen)\Z"
)
