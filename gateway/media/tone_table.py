"""The call-progress tones of countries, as facts: what `gateway.media.tones` makes its plans of.

A row is ``code source name: tone; tone ...``; lines that begin with a space go on. A tone is a list of
bursts, ``425 1000/4000``: 425 Hz for 1000 ms, then 4000 ms of silence; bursts are separated by commas and
repeat for ever; without times the tone is continuous. ``+`` sounds two frequencies together, ``400*25`` is
400 Hz whose amplitude swings 25 times a second (only its carrier is sent and looked for). A row without
``congestion`` has busy tone for it; ``bell`` is how a telephone rings where that is not as in ``ringback``.

Sources: ``r`` the Russian regulation on telephone exchanges (consultant.ru LAW_93993, table 1: ringback 1.0 ±
0.1 / 4.0 ± 0.4 s, busy 0.3-0.4 / 0.3-0.4 s, congestion 0.15-0.2 / 0.15-0.2 s, 425 Hz, -15 .. -5 dB); ``r?``
the same, inferred for countries with the same plant; ``a`` Asterisk's indications.conf.sample; ``d`` DAHDI's
zonedata.c; ``i`` ITU-T E.180 supplement 2 (annex to Operational Bulletin 781) as transcribed in spandsp's
global-tones.xml; Japan's ringback is from there too.

Left out for want of a dial, ringback and busy tone that can be sent and heard (their lists hold the ringing
current's 25, 33, 50 or 133 Hz): Angola, Dominican Republic, Fiji, Ivory Coast, Romania, Swaziland, Tanzania,
Turkmenistan, Uganda.
"""

COUNTRIES = """
ae d United Arab Emirates: dial 350+440; ringback 400+425 400/200, 400+425 400/2000; busy 400 375/375;
    congestion 425 400/350, 425 225/525; sit 950 330/0, 1450 330/0, 1850 330/1000; waiting 420 40/1960;
    bell 1500/4000
ag i Antigua and Barbuda: dial 350+440; ringback 440+480 2000/4000; busy 480+620 500/500; congestion
    480+620 250/250
ai i Anguilla: dial 350+440; ringback 440+480 2000/4000; busy 480+620 500/500; congestion 480+620 250/250
al i Albania: dial 425; ringback 425 1000/4000; busy 425 300/300; congestion 425 150/150
ar di Argentina: dial 425; ringback 425 1000/4500; busy 425 300/300; congestion 425 200/300; waiting 425
    200/9000
at a Austria: dial 420; ringback 420 1000/5000; busy 420 400/400; congestion 420 200/200; waiting 420
    40/1960
au ai Australia: dial 413+438; ringback 413+438 400/200, 413+438 400/2000; busy 425 375/375; congestion
    425 375/375, 420 375/375; waiting 425 200/200, 425 200/4400
aw i Aruba: dial 425; ringback 425 1000/4000; busy 425 500/500; congestion 425 250/250
bb i Barbados: dial 350+440; ringback 440+480 2000/4000; busy 480+620 500/500; congestion 480+620 250/250
be a Belgium: dial 425; ringback 425 1000/3000; busy 425 500/500; congestion 425 167/167; waiting 1400
    175/175, 1400 175/3500
bf i Burkina Faso: dial 425; ringback 425 1000/4000; busy 425 500/500
bg a Bulgaria: dial 425; ringback 425 1000/4000; busy 425 500/500; congestion 425 250/250; waiting 425
    150/150, 425 150/4000
bh i Bahrain: dial 330+440; ringback 440 400/200, 440 400/2000; busy 400 375/375; congestion 400 400/350,
    400 225/525
bi i Burundi: dial 425; ringback 425 1700/3300; busy 450 250/250
bm i Bermuda: dial 350+440; ringback 440+480 2000/4000; busy 480+620 500/500; congestion 480+620 250/250
bn i Brunei Darussalam: dial 350+450; ringback 400+450 400/300, 400+450 400/2000; busy 400 375/375
br ai Brazil: dial 425; ringback 425 1000/4000; busy 425 250/250; congestion 425 250/250, 425 750/250;
    waiting 425 50/1000
bt i Bhutan: dial 400*25; ringback 400*25 400/200, 400*25 400/2600; busy 400 600/600
bw i Botswana: dial 350+450; ringback 400 400/200, 400 400/2000; busy 400 375/375; congestion 425 250/250
by r? Belarus: dial 425; ringback 425 1000/4000; busy 425 350/350; congestion 425 175/175
ca a Canada: dial 350+440; ringback 440+480 2000/4000; busy 480+620 500/500; congestion 480+620 250/250;
    waiting 440 300/10000; bell_hz 20
cf i Central African Republic: dial 425; ringback 425 1700/3300; busy 425 500/500
ch a Switzerland: dial 425; ringback 425 1000/4000; busy 425 500/500; congestion 425 200/200; waiting 425
    200/200, 425 200/4000
cl ai Chile: dial 400; ringback 400 1000/3000; busy 400 500/500; congestion 400 200/200; waiting 400
    250/8750
cm i Cameroon: dial 440; ringback 440 1700/3300; busy 440 500/500
cn a China: dial 450; ringback 450 1000/4000; busy 450 350/350; congestion 450 700/700; waiting 450
    400/4000
cr d Costa Rica: dial 450; ringback 450 1203/4900; busy 450 330/330; bell 1203/4797
cu i Cuba: dial 480+720; ringback 440+480 2000/4000; busy 480+720 500/500; congestion 480+720 250/250; sit
    950 333/30, 1400 333/30, 1800 333/1030
cy i Cyprus: dial 350+450; ringback 425 1500/3000; busy 425 500/500; congestion 425 250/250
cz a Czechia: dial 425 330/330, 425 660/660; ringback 425 1000/4000; busy 425 330/330; congestion 425
    165/165; waiting 425 330/9000
de a Germany: dial 425; ringback 425 1000/4000; busy 425 480/480; congestion 425 240/240; waiting 425
    200/200, 425 200/5000
dj i Djibouti: dial 425; ringback 425 1500/3500; busy 425 500/500
dk a Denmark: dial 425; ringback 425 1000/4000; busy 425 500/500; congestion 425 200/200
dm i Dominica: dial 350+440; ringback 440+480 2000/4000; busy 480+620 500/500; congestion 480+620 250/250
ec i Ecuador: dial 425; ringback 425 1200/4650; busy 425 333/333
ee a Estonia: dial 425; ringback 425 1000/4000; busy 425 300/300; congestion 425 200/200
es a Spain: dial 425; ringback 425 1500/3000; busy 425 200/200; congestion 425 200/200, 425 200/200, 425
    200/600; waiting 425 175/175, 425 175/3500
et i Ethiopia: dial 425; ringback 425 1000/4000; busy 425 400/400
fi a Finland: dial 425; ringback 425 1000/4000; busy 425 300/300; congestion 425 200/200; waiting 425
    150/150, 425 150/8000
fk i Falkland Islands: dial 350+450; ringback 400+450 400/200; busy 400 375/375; congestion 400 400/350,
    400 255/525
fo i Faroe Islands: dial 425; ringback 425 1000/4000; busy 425 250/250
fr a France: dial 440; ringback 440 1500/3500; busy 440 500/500; congestion 440 250/250; waiting 440
    300/10000
ga i Gabon: dial 440; ringback 440 1500/3000; busy 440 500/500; sit 900 350/0, 1380 300/0, 1860 350/1000
gb a United Kingdom: dial 350+440; ringback 400+450 400/200, 400+450 400/2000; busy 400 375/375;
    congestion 400 400/350, 400 225/525; waiting 400 100/4000
gf i French Guiana: dial 440; ringback 440 1500/3500; busy 440 500/500; sit 950 300/30, 1400 300/30, 1800
    300/1000
gh i Ghana: dial 400; ringback 400 1000/4000; busy 400 250/250; congestion 400 500/500
gi i Gibraltar: dial 350+400; ringback 400+450 400/200, 400+450 400/2000; busy 400 375/375; congestion 400
    400/350, 400 225/525
gl i Greenland: dial 445; ringback 445 1000/4000; busy 445 250/250
gm i Gambia: dial 425; ringback 425 1000/4000; busy 425 500/500
gp i Guadeloupe: dial 440; ringback 440 1500/3500; busy 440 500/500; sit 950 300/30, 1400 300/30, 1800
    300/1000
gr a Greece: dial 425 200/300, 425 700/800; ringback 425 1000/4000; busy 425 300/300; congestion 425
    200/200
gy i Guyana: dial 360+400 1300/300, 360+400 200/500; ringback 425 1750/3250; busy 425 500/500
hk i Hong Kong: dial 350+440; ringback 440+480 400/200, 440+480 400/3000; busy 480+620 500/500; congestion
    480+620 250/250
hn i Honduras: dial 440; ringback 440 500/4000, 440 2000/4000; busy 440 500/500; congestion 440 250/250
hr i Croatia: dial 425 200/300, 425 700/800; ringback 425 1000/4000; busy 425 500/500; congestion 425
    250/250
hu a Hungary: dial 425; ringback 425 1250/3750; busy 425 300/300; waiting 425 40/1960
id a Indonesia: dial 425; ringback 425 1000/4000; busy 425 500/500; congestion 425 250/250; waiting 425
    150/150, 425 150/10000
ie i Ireland: dial 425*25; ringback 400 400/200, 400 400/2000; busy 425 500/500
il a Israel: dial 414; ringback 414 1000/3000; busy 414 500/500; congestion 414 250/250
in a India: dial 400*25; ringback 400*25 400/200, 400*25 400/2000; busy 400 750/750; congestion 400
    250/250; waiting 400 200/100, 400 200/7500
ir i Iran: dial 425; ringback 425 1000/4000; busy 425 500/500; congestion 425 250/250
is i Iceland: dial 425; ringback 425 1200/4700; busy 425 250/250
it a Italy: dial 425 200/200, 425 600/1000; ringback 425 1000/4000; busy 425 500/500; congestion 425
    200/200
jm i Jamaica: dial 350+440; ringback 440+480 2000/4000; busy 400 750/750; congestion 480+620 300/200
jo i Jordan: dial 380+460; ringback 380+460 1200/4800; busy 400 750/750; congestion 380+460 500/500
jp ai Japan: dial 400; ringback 384+416 1000/2000; busy 400 500/500; waiting 400*16 500/8000
ke i Kenya: dial 425; ringback 425 1000/4000; busy 425 500/500; congestion 425 200/200
ki i Kiribati: dial 425; ringback 425 400/200, 425 400/2000; busy 425 500/500
km i Comoros: dial 425; ringback 425 1710/3310; busy 425 500/500
kn i St. Kitts and Nevis: dial 350+440; ringback 440+480 2000/4000; busy 480+620 500/500; congestion
    480+620 250/250
kr i South Korea: dial 350+440; ringback 440+480 1000/2000; busy 480+620 500/500; congestion 480+620
    300/200
kw i Kuwait: dial 425; ringback 425 1000/4000; busy 425 500/500
ky i Cayman Islands: dial 425; ringback 425 1000/4000; busy 425 500/500; congestion 425 250/250
kz r? Kazakhstan: dial 425; ringback 425 1000/4000; busy 425 350/350; congestion 425 175/175
la i Laos: dial 425; ringback 425 1000/4000; busy 425 1000/1000; congestion 425 375/375
lc i St. Lucia: dial 425; ringback 425 375/250, 425 375/2000; busy 425 500/500; congestion 425 250/250
lk i Sri Lanka: dial 425; ringback 425 400/200; busy 425 750/750; congestion 425 250/250
lr i Liberia: dial 425; ringback 425 1000/4000; busy 425 500/500
lt a Lithuania: dial 425; ringback 425 1000/4000; busy 425 350/350; congestion 425 200/200; waiting 425
    150/150, 425 150/4000
lu i Luxembourg: dial 425; ringback 425 1000/4000; busy 425 500/500; congestion 425 250/250
ma i Morocco: dial 425; ringback 425 1660/3330; busy 425 500/500
ml i Mali: dial 425; ringback 425 1700/3300; busy 425 500/500; sit 900 330/0, 1400 330/0, 1800 330/1000
mo di Macao: dial 425; ringback 425 1000/4000; busy 425 500/500; congestion 425 250/250; waiting 425
    200/600
mq i Martinique: dial 440; ringback 440 1500/3500; busy 440 500/500; sit 950 300/30, 1400 300/30, 1800
    300/1000
mr i Mauritania: dial 425; ringback 425 1500/3500; busy 425 500/500
ms i Montserrat: dial 350+440; ringback 440+480 2000/4000; busy 480+620 500/500; congestion 480+620
    250/250
mu i Mauritius: dial 425; ringback 425 1000/4000; busy 425 750/750
mv i Maldives: dial 350+450; ringback 400 400/200, 400 400/2000; busy 400 500/500; congestion 400 250/250
mw i Malawi: dial 425; ringback 425 1000/4000; busy 400 750/750
mx a Mexico: dial 425; ringback 425 1000/4000; busy 425 250/250; sit 950 330/30, 1400 330/30, 1800
    330/1000; waiting 425 200/600, 425 200/10000; bell 2000/4000
my adi Malaysia: dial 425; ringback 425 400/200, 425 400/2000; busy 425 500/500; sit 950 330/15, 1400
    330/15, 1800 330/1000; waiting 425 100/4000; bell 2000/4000
na i Namibia: dial 407+473; ringback 407+473 400/200, 407+473 400/2000; busy 400 750/750; congestion 400
    250/250
nc i New Caledonia: dial 440; ringback 440 1500/3500; busy 440 500/500; sit 950 300/30, 1400 300/30, 1800
    300/1000
ne i Niger: dial 440; ringback 440 1700/3300; busy 440 500/500
ng i Nigeria: dial 400; ringback 400 2000/4000; busy 400 500/500; congestion 400 250/250
nl a Netherlands: dial 425; ringback 425 1000/4000; busy 425 500/500; congestion 425 250/250; waiting 425
    500/9500
no a Norway: dial 425; ringback 425 1000/4000; busy 425 500/500; congestion 425 200/200; waiting 425
    200/600, 425 200/10000
np i Nepal: dial 425; ringback 425 1100/3100; busy 425 250/250; congestion 425 175/175
nr i Nauru: dial 400; ringback 400 1000/4000; busy 400 500/500
nz a New Zealand: dial 400; ringback 400+450 400/200, 400+450 400/2000; busy 400 500/500; congestion 400
    250/250
om i Oman: dial 425; ringback 425 400/200, 425 400/2000; busy 425 500/500
pa d Panama: dial 425; ringback 425 1200/4650; busy 425 320/320; bell 2000/4000
pf i French Polynesia: dial 440; ringback 440 1500/3500; busy 440 500/500; sit 950 300/30, 1400 300/30,
    1800 300/1000
pg i Papua New Guinea: dial 425; ringback 425 400/200, 425 400/2000; busy 425 375/375; congestion 425
    375/375, 425 375/375
ph a Philippines: dial 425; ringback 425+480 1000/4000; busy 480+620 500/500; congestion 480+620 250/250;
    waiting 440 300/10000
pl a Poland: dial 425; ringback 425 1000/4000; busy 425 500/500; waiting 425 150/150, 425 150/4000
pm i St. Pierre and Miquelon: dial 440; ringback 440 1500/3500; busy 440 500/500; sit 950 300/30, 1400
    300/30, 1800 300/1000
pt a Portugal: dial 425; ringback 425 1000/5000; busy 425 500/500; congestion 425 200/200; waiting 440
    300/10000
qa i Qatar: dial 350+440; ringback 400+450 400/200, 400+450 400/2200; busy 400 800/800; congestion 400
    400/350, 400 225/525
re i Reunion: dial 440; ringback 440 1500/3500; busy 440 500/500; sit 950 300/30, 1400 300/30, 1800
    300/1000
ru r Russia: dial 425; ringback 425 1000/4000; busy 425 350/350; congestion 425 175/175
rw i Rwanda: dial 440; ringback 440 1700/3300; busy 440 500/500
sa i Saudi Arabia: dial 425; ringback 425 1200/4600; busy 425 500/500
sb i Solomon Islands: dial 400; ringback 400+450 400/200; busy 400 500/500; congestion 400 100/100
sc i Seychelles: dial 350+440; ringback 425 400/200, 425 400/2000; busy 425 375/375; congestion 425
    400/350, 425 225/525
se a Sweden: dial 425; ringback 425 1000/5000; busy 425 250/250; congestion 425 250/750; waiting 425
    200/500, 425 200/9100
sg ai Singapore: dial 425; ringback 425*24 400/200, 425*24 400/2000; busy 425 750/750; congestion 425
    250/250; waiting 425*24 300/200, 425*24 300/3200
sh i St. Helena: dial 350+400; ringback 400+450 400/200; busy 400 375/375; congestion 400 400/350
si i Slovenia: dial 425 700/800, 425 200/300; ringback 425 1000/4000; busy 425 500/500; congestion 425
    200/200; sit 950 333/0, 1400 333/0, 1600 333/1000
sk i Slovakia: dial 425 333/333, 425 660/660; ringback 425 1000/4000; busy 425 333/333; congestion 425
    165/165; sit 950 330/30, 1400 330/30, 1800 330/1000; waiting 425 1000/170, 425 333/3500
sl i Sierra Leone: dial 425; ringback 425 1000/4000; busy 425 500/500; congestion 425 200/200
sm i San Marino: dial 425 600/1000, 425 200/200; ringback 425 1000/4000; busy 425 200/200
sn i Senegal: dial 440; ringback 400 1700/3300; busy 440 500/500
sr i Suriname: dial 425; ringback 425 15000/500; busy 425 500/500; congestion 425 250/250
st i Sao Tome e Principe: dial 425; ringback 425 1000/5000; busy 425 500/500
sv i El Salvador: dial 425; ringback 425 1200/5000; busy 425 333/333
sy i Syria: dial 450; ringback 425 1000/4000; busy 450 500/500; congestion 450 200/230, 450 200/230, 450
    200/920; sit 950 330/30, 1400 330/30, 1800 330/1000
tc i Turks and Caicos Islands: dial 350+440; ringback 440+480 2000/4000; busy 480+620 500/500; congestion
    480+620 250/250
th a Thailand: dial 400*50; ringback 420 1000/5000; busy 400 500/500; congestion 400 300/300; bell
    1000/4000
tn i Tunisia: dial 425; ringback 425 1200/4600; busy 425 250/250; congestion 425 167/167
tr a Turkey: dial 450; ringback 450 2000/4000; busy 450 500/500; congestion 450 600/200; waiting 450
    200/600, 450 200/800
tt i Trinidad and Tobago: dial 350+440; ringback 440+480 2000/4000; busy 480+620 500/500
tw a Taiwan: dial 350+440; ringback 440+480 1000/2000; busy 480+620 500/500; congestion 480+620 250/250;
    waiting 350+440 250/250, 350+440 250/3250; bell 1000/4000
ua r? Ukraine: dial 425; ringback 425 1000/4000; busy 425 350/350; congestion 425 175/175
us a United States: dial 350+440; ringback 440+480 2000/4000; busy 480+620 500/500; congestion 480+620
    250/250; waiting 440 300/10000; bell_hz 20
uy i Uruguay: dial 425; ringback 425 1000/4000; busy 425 500/500; congestion 425 250/250
vc i St. Vincent and the Grenadines: dial 350+450; ringback 400+450 200/400; busy 400 375/375; congestion
    400 400/350, 400 255/525
ve a Venezuela: dial 425; ringback 425 1000/4000; busy 425 500/500; congestion 425 250/250; sit 950 330/0,
    1440 330/0, 1800 330/1000; waiting 400+450 300/6000
vg i British Virgin Islands: dial 350+440; ringback 440+480 2000/4000; busy 480+620 500/500; congestion
    480+620 250/250
vu i Vanuatu: dial 425; ringback 425 1000/4000; busy 400 750/750; sit 950 330/30, 1400 330/30, 1800 330/30
wf i Wallis and Futuna Islands: dial 440; ringback 440 1500/3500; busy 440 500/500; sit 950 300/30, 1400
    300/30, 1800 300/1000
yt i Mayotte: dial 440; ringback 440 1500/3500; busy 440 500/500; sit 950 300/30, 1400 300/30, 1800
    300/1000
za ai South Africa: dial 400*33; ringback 400*33 400/200, 400*33 400/2000; busy 400 500/500; congestion
    400 250/250; sit 950 330/0, 1400 330/0, 1800 330/330; waiting 400*33 250/250, 400*33 250/250, 400*33
    250/250
zm i Zambia: dial 425; ringback 425 1000/4000; busy 425 500/500; congestion 425 250/250
zw i Zimbabwe: dial 400; ringback 400+450 400/200, 400+450 400/2000; busy 400 375/375
"""
