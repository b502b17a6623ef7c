"""Words so frequent that a name which folds to one of them finds far more than the name.

Made for this program, copied from no list: the English words are those that stand in most of about a thousand
news texts (counted in lower case, so without names), with everyday nouns, verbs and colours that people and
places are also named after (Rose, Bush, Store); those of other languages are their small words. All are folded.
"""

from __future__ import annotations

_ENGLISH = (
    "able about accept access according account accused across action actions actor added address administration ads "
    "advertisement affected after again against ago agree agreement aids air all along already also always among an "
    "and another anti any apple are area areas around article as ask asked asks at attack attacked attacks attempts "
    "authorised authorities available average away back bank based basis bath be beat because becoming bed been "
    "before beginning behind being believe believed below best better between bid big bird bit bite black bonus both "
    "bottom box boy brain bread bring broadcast brown build bush business but buy by call called came can cannot car "
    "care case cash cause caused central centre chance change charged check children choice claimed claims clear "
    "close come comes coming commented companies company conditions confirmed consider considering content continue "
    "continued continues continuing control cook cork could countries country court crisis cross cup current "
    "currently cut cuts daily damage damaged dark data date dated day days dead deal dean dear decide declared deep "
    "denied despite developments did died disclosed do doctor document does dog door down dream drive drop dropped "
    "dry during each ear earlier early earnings earth east eastern eat economic economy editing edition editors egg "
    "eight else email emergency end environmental estimate estimated even evening events ever every evidence "
    "executive expectations expected eye face fact fall family far fast fear feed feel feet fell felt few field fight "
    "fill final financial find fine fire firm first fish fit five floor fly follow following food foot for force "
    "forced forces forecast forest former found four fox free fresh friend from front full funded further future game "
    "gap garden gate general get getting girl give given global go going gold government grand grass grave gray great "
    "green grey ground group groups grow growth guard gun had hair half hall hand happy hard has have having he head "
    "heard heart heat heavy held help high hill him his history hit holiday home homes hope hoping horse hot hours "
    "how hunt ice idea if important in include including income independent industry information intelligence "
    "interest international into iron is island issue it its itself jersey job journalism judge jump just keep key "
    "kid killed kind king kiss knew knight know known lady lake land lane large last later latest law lay leader "
    "leading learn least leave led left legal letter level lie life like line lion list little live local lock long "
    "looking lord lost lot love low lower luck made main maintenance major make making man management many map march "
    "mark market marsh material matter may me mean media member members men mercury metal might million min mind mine "
    "minute miss missed mix month months moon more morning moss most mostly mother mouth moved much music must my "
    "name narrow national near neck need net never new newsletter next nice night nine no none nor north not note now "
    "number numbers oak of off offer office official officials old on one only open or orange other others our out "
    "over overnight own owns page paint pair paper park part partly pass passed past pay peace pen people per percent "
    "period person piece pink pipe place plan plant play please point points pole police policemen policy polish "
    "political pool poor pope position possible posted potential pound power pray pressure previous price prince "
    "print process producer profile proposal public published purple push put quarter queen question quick quiet race "
    "rain ram range rate rates reach read readers reading real received recently record red reed region released "
    "report reported reporting representing republic research residents response responsibility responsibly rest "
    "result results reveal revenue rice rich ride right rights ring rise risk river road rock room root rose round "
    "row royal rule ruled run sad safety said sail sale salt same sand save say saying says scale sea seat second "
    "secure security see seen sell send series serious service services set several severe share shares she shell "
    "ship shop short shot should show sick side sign silver since sing sister sit situation six size skin sky sleep "
    "slight slow small smart snow so soft sold some son song soon sort sound south space spark speak special speed "
    "spell spokesman spring square staff stage stand standards star start state stated statement stay steel step "
    "stick still stock stone stop store stories story street strikes strong such summer sun support surveyed survived "
    "sweet swift table tail take taking talk tall target targets tax teach team teams tell ten terms test than thank "
    "that the their them then there these they thing think this those thought thousands three through tie till time "
    "tip to today told too took tooth top total touch town trade traffic train training tree trip troops true trying "
    "turkey turn twist two uncle under up urging us use used value very violence violent visa vote wait wake walk "
    "wall want wants war warm warned was wash watching water wave way we wear web website week weekend weight well "
    "went were west wet what wheel when where whether which while white who whole wide wife wild will win wind window "
    "winds wine wing winner winning winter wish with within without wolf woman won wood word wore work workers "
    "working world worst would wrong yard year years yellow yes yesterday yet you young your"
)

_GERMAN = (
    "aber alle als also am an auch auf aus bei beim bin bis bist da damit dann das dass dem den denn der des die dies "
    "diese dieser doch dort du durch ein eine einem einen einer eines er es etwas fur ganz gar gegen gibt hat hatte "
    "hier ich ihm ihn ihr im in ins ist ja je jede kann kein keine man mehr mein mich mir mit muss nach nicht noch "
    "nun nur ob oder ohne rot sehr sein seine seit sich sie sind so soll und uns unter viel vom von vor war was weg "
    "weil wenn wer werden wie wir wird wo zu zum zur"
)

_FRENCH = (
    "ai alors au aussi autre aux avait avec bien ce cela ces cette chez comme dans de depuis des deux dit donc du "
    "elle en encore entre est et eu faire fait fin il ils je jour la le les leur lui ma mais me moi mon ne ni non nos "
    "notre nous on ont ou par pas pays peu plus pour qu quand que qui rien sa sans se sera ses si son sont sous sur "
    "ta tant te tes toi ton tous tout tu un une va vers vie vos votre vous"
)

_SPANISH = (
    "al algo ano ante antes aqui asi aun bajo bien cada casi con cosa cual cuando de del desde donde dos el ella en "
    "entre era es esa ese eso esta este ha hace hacia han hasta hay hoy la las le les lo los mas me menos mi mientras "
    "mis muy nada ni no nos o os otra otro para pero poco por porque pues que quien sal se sea segun ser si sin sobre "
    "sol solo son su sus tal tan te ti tiene todo tras tu un una uno usa va vez vida y ya yo"
)

_ITALIAN = (
    "a ad ai al alla anche anni c che chi ci come con cosa da dal dalla degli dei del della di dove due e ed era "
    "essere fa fra gli ha hanno ho i il in io la le lei lo loro lui ma me mi molto ne nel nella no noi non o ogni ora "
    "per piu poi prima quando quella quello questo qui sara se sei senza si sia solo sono sotto su sua sul suo te tra "
    "tre tu tutti tutto un una uno va voi"
)

_PORTUGUESE = (
    "ao aos ate com como da das de depois do dos e ela ele em entre era essa esse esta este eu foi ha isso ja lhe "
    "mais mas me mesmo meu muito na nas nem no nos num o os ou para pela pelo por qual quando que quem sao se sem ser "
    "seu so sua tem teu um uma vai"
)

_DUTCH = (
    "aan al als bij dan dat de deze die dit doen door een en er ge geen had heb heeft het hij hoe hun iets ik in is "
    "ja je kan maar me meer men met mij na naar niet nog nu of om omdat onder ons ook op over te tegen toch toen tot "
    "uit uw van veel voor waar was wat we wel wie wij wil worden zal ze zei zich zij zijn zo zonder zou"
)

_POLISH = (
    "a ale bez bo by byc byl czy dla do go i ich ile im ja jak jako je jego jej jest ku ma mi na nad nas nie niz no o "
    "od on ona one oraz po pod przed przez przy sa sie ta tak takze tam te tego tej ten to tu ty tym w we wie wy z za "
    "ze"
)

_RUSSIAN = (
    "а без был была были было быть в вам вас весь во вот все всех вы где год да для до его ее если есть еще же за и "
    "из или им их к как когда кто ли май март мир мне много может мы на над нас не него нее нет ни них но о об один "
    "он она они оно от по под после при про раз с сам свой себя так там то того тоже только том тот ты у уже чем что "
    "чтобы эта эти это этот я"
)

_UKRAINIAN = (
    "або але без би бо був буде була були було в вам вас весь вона вони все всі від він де для до з за зі й його "
    "кожен коли ми мир на над нас не них ну ні по при про під після рік та так також там те ти то той тому у уже хто "
    "це цей цього ця чи що щоб я як який є і із їх її"
)

_NORDIC = (
    "af at av da de deg dem den der det du efter ein eller en er et ett for fra han har hon hun hvor i ikke ikkje "
    "inte jag jeg kan man med meg men mig min nar nei nej ni noe nu och og ogsa om opp pa sa seg sig ska skal som til "
    "till under upp ut var vi vil vore"
)

#: Folded forms.
COMMON_WORDS = frozenset(
    word
    for language in (
        _ENGLISH,
        _GERMAN,
        _FRENCH,
        _SPANISH,
        _ITALIAN,
        _PORTUGUESE,
        _DUTCH,
        _POLISH,
        _RUSSIAN,
        _UKRAINIAN,
        _NORDIC,
    )
    for word in language.split()
)
