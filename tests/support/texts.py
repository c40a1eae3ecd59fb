"""Paragraphs of prose, each with the encodings that people have kept such texts in."""

PROSE: dict[str, tuple[str, str]] = {
    "French": (
        "cp1252 latin-1 iso8859-15",
        "Lorsque j'étais enfant, nous passions l'été à la campagne, près d'une rivière où "
        "l'eau était si claire qu'on voyait les pierres. Mon père se levait très tôt, "
        "préparait le café, puis allait réveiller mes frères. À midi, ma grand-mère nous "
        "appelait pour le déjeuner : c'était toujours une fête. Après le repas, il fallait "
        "attendre une heure avant de se baigner, et cette heure nous semblait durer une "
        "éternité.",
    ),
    "German": (
        "cp1252 latin-1",
        "Früher saß der alte Müller jeden Abend vor seiner Mühle und erzählte den Kindern "
        "Geschichten. Er wusste von Königen, die ihre Schlösser verloren hatten, von Bären "
        "und Wölfen im tiefen Wald und von einem Mädchen, das größer war als alle Männer "
        "im Dorf. Natürlich glaubten wir ihm kein Wort, aber wir hörten trotzdem zu, bis "
        "es dunkel wurde und die Mutter uns nach Hause rief.",
    ),
    "Spanish": (
        "cp1252",
        "Aquella mañana el señor Muñoz salió de su casa más temprano que de costumbre. "
        "¿Adónde iba? Nadie lo sabía. Los niños que jugaban en la calle lo vieron pasar "
        "con su viejo sombrero y un paquete bajo el brazo. También lo vio la panadera, que "
        "después contó a todos que parecía preocupado. ¡Qué extraño! En el pueblo jamás "
        "había ocurrido nada así, y la gente empezó a inventar las más increíbles "
        "explicaciones.",
    ),
    "Portuguese": (
        "cp1252",
        "Naquela manhã o velho pescador acordou mais cedo do que de costume. Lá fora ainda "
        "estava escuro, e só a leste o céu começava a clarear devagar. Vestiu-se em "
        "silêncio para não acordar a mulher, pegou nos remos e foi até ao rio. O barco "
        "estava onde o deixara na véspera. A água era calma e quente, e ao longe ouvia-se "
        "um pássaro. Não há razão para preocupações, pensou.",
    ),
    "Swedish": (
        "latin-1",
        "Den morgonen vaknade den gamle fiskaren tidigare än vanligt. Utanför fönstret var "
        "det ännu mörkt, och bara i öster började himlen långsamt ljusna. Han klädde sig "
        "tyst för att inte väcka sin hustru, tog årorna och gick ner till ån. Båten låg "
        "där han hade lämnat den kvällen före. Vattnet var lugnt och varmt, och någonstans "
        "långt borta skrek en fågel.",
    ),
    "Polish": (
        "cp1250 iso8859-2",
        "Wczesnym rankiem, gdy mgła jeszcze leżała na łąkach, stary rybak wyszedł z chaty "
        "i ruszył w stronę jeziora. Szedł powoli, bo ścieżka była śliska, a nogi już nie "
        "te co dawniej. Nad wodą usiadł na kamieniu, wyjął z kieszeni kawałek chleba i "
        "zaczął jeść, patrząc, jak słońce powoli podnosi się znad lasu. Pomyślał, że "
        "mógłby tak siedzieć cały dzień i że niczego więcej nie potrzebuje do szczęścia.",
    ),
    "Czech": (
        "cp1250 iso8859-2",
        "Toho rána se starý rybář probudil dříve než obvykle. Za oknem byla ještě tma a "
        "jen na východě začínala obloha pomalu světlat. Tiše se oblékl, aby neprobudil "
        "ženu, vzal vesla a vydal se k řece. Loďka stála tam, kde ji včera večer nechal. "
        "Voda byla klidná a teplá a kdesi daleko křičel pták.",
    ),
    "Hungarian": (
        "cp1250",
        "Azon a reggelen az öreg halász a szokásosnál korábban ébredt. Az ablak mögött még "
        "sötét volt, csak keleten kezdett lassan világosodni az ég. Csendben felöltözött, "
        "hogy fel ne ébressze a feleségét, fogta az evezőket, és elindult a folyó felé. A "
        "csónak ott állt, ahol előző este hagyta. A víz nyugodt volt és meleg, és valahol "
        "messze egy madár kiáltott.",
    ),
    "Turkish": (
        "cp1254",
        "O sabah yaşlı balıkçı her zamankinden daha erken uyandı. Pencerenin dışı hâlâ "
        "karanlıktı, yalnızca doğuda gökyüzü yavaş yavaş aydınlanmaya başlıyordu. Karısını "
        "uyandırmamak için sessizce giyindi, kürekleri aldı ve nehre doğru yürüdü. Kayık "
        "dün akşam bıraktığı yerde duruyordu. Su sakin ve ılıktı, üzerinden ince bir sis "
        "yükseliyordu ve uzaklarda bir kuş ötüyordu.",
    ),
    "Russian": (
        "cp1251 koi8-r cp866",
        "В то утро старый рыбак проснулся раньше обычного. За окном ещё было темно, и "
        "только на востоке небо начинало понемногу светлеть. Он тихо оделся, чтобы не "
        "разбудить жену, взял вёсла и пошёл к реке. Лодка стояла там же, где он оставил её "
        "вчера вечером. Вода была спокойная и тёплая, над ней поднимался лёгкий туман, и "
        "где-то далеко кричала птица.",
    ),
    "Ukrainian": (
        "cp1251 koi8-u",
        "Того ранку старий рибалка прокинувся раніше, ніж звичайно. За вікном ще було "
        "темно, і тільки на сході небо починало потроху світлішати. Він тихо вдягнувся, "
        "щоб не розбудити дружину, взяв весла і пішов до річки. Човен стояв там, де він "
        "його залишив учора ввечері. Вода була спокійна й тепла, а десь далеко кричав "
        "птах. Її голос було чути в усьому лісі.",
    ),
    "Greek": (
        "cp1253 iso8859-7",
        "Το πρωί ο γέρος ψαράς ξύπνησε νωρίτερα από το συνηθισμένο. Έξω ήταν ακόμα "
        "σκοτεινά και μόνο στην ανατολή ο ουρανός άρχιζε σιγά σιγά να φωτίζει. Ντύθηκε "
        "αθόρυβα για να μην ξυπνήσει τη γυναίκα του, πήρε τα κουπιά και κατέβηκε στη "
        "θάλασσα. Η βάρκα του ήταν εκεί όπου την είχε αφήσει το προηγούμενο βράδυ.",
    ),
    "Hebrew": (
        "cp1255",
        "באותו בוקר התעורר הדייג הזקן מוקדם מהרגיל. מחוץ לחלון עדיין היה חשוך, ורק במזרח "
        "התחילו השמים להתבהר לאט לאט. הוא התלבש בשקט כדי לא להעיר את אשתו, לקח את המשוטים "
        "והלך אל הנהר. הסירה עמדה במקום שבו השאיר אותה אתמול בערב.",
    ),
    "Arabic": (
        "cp1256",
        "في ذلك الصباح استيقظ الصياد العجوز أبكر من المعتاد. كان الظلام لا يزال خلف "
        "النافذة، ولم يكن قد بدأ يضيء إلا السماء في الشرق. ارتدى ملابسه بهدوء حتى لا يوقظ "
        "زوجته، وأخذ المجاديف وذهب إلى النهر.",
    ),
    "simplified Chinese": (
        "gb18030 gb2312",
        "那天早晨，老渔夫比平时醒得更早。窗外还是一片漆黑，只有东边的天空开始慢慢地亮起来。他轻轻"
        "地穿好衣服，怕吵醒妻子，然后拿起船桨，向河边走去。小船还停在昨天晚上的地方。河水又平静又"
        "温暖，水面上升起一层薄薄的雾，远处有一只鸟在叫。他想，今天一定会是个好日子。",
    ),
    "traditional Chinese": (
        "big5",
        "那天早晨，老漁夫比平時醒得更早。窗外還是一片漆黑，只有東邊的天空開始慢慢地亮起來。他輕輕"
        "地穿好衣服，怕吵醒妻子，然後拿起船槳，向河邊走去。小船還停在昨天晚上的地方。河水又平靜又"
        "溫暖，水面上升起一層薄薄的霧，遠處有一隻鳥在叫。他想，今天一定會是個好日子。",
    ),
    "Japanese": (
        "cp932 euc-jp",
        "その朝、年老いた漁師はいつもより早く目を覚ました。窓の外はまだ暗く、東の空だけが少しずつ"
        "明るくなり始めていた。彼は妻を起こさないように静かに服を着て、櫂を手に取り、川へ向かった"
        "。舟は昨日の夕方に置いた場所にそのままあった。水は穏やかで温かく、その上に薄い霧が立ちの"
        "ぼり、どこか遠くで鳥が鳴いていた。",
    ),
    "Korean": (
        "cp949 euc-kr",
        "그날 아침 늙은 어부는 평소보다 일찍 잠에서 깨어났다. 창밖은 아직 어두웠고, "
        "동쪽 하늘만 조금씩 밝아지기 시작했다. 그는 아내를 깨우지 않으려고 조용히 "
        "옷을 입고 노를 들고 강으로 향했다. 배는 어제 저녁에 두었던 자리에 그대로 "
        "있었다. 물은 잔잔하고 따뜻했으며, 그 위로 옅은 안개가 피어올랐고, 멀리서 "
        "새 한 마리가 울고 있었다.",
    ),
}
CASES = [
    (name, encoding) for name, (encodings, _) in PROSE.items() for encoding in encodings.split()
]
