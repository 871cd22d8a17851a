person an name=Nguyễn_Văn_An gender=male
person binh name=Trần_Thị_Bình gender=female
person khach no-consent name=Lê_Khách
person lima name=Rosa_Lima timezone=America/Lima
person berlin name=Anna_Berlin timezone=Europe/Berlin
person huy name=Phạm_Huy
# An clicks presents and clicks again, Binh clicks nothing, Lima clicks what is new, Huy clicks good prices and stops.
+0h   event an Form_Submitted form_id=tu-van   +0h event binh Form_Submitted form_id=tu-van
+0h   event khach Form_Submitted form_id=tu-van   +0h event huy Form_Submitted form_id=tu-van
+1h   event lima Form_Submitted form_id=tu-van
+5h   click an https://shop.example/?chu-de=qua-tang&utm_source=quaylai
+30h  click lima https://shop.example/?chu-de=hang-moi
+40h  click huy https://shop.example/?chu-de=gia-tot
+50h  unsubscribe huy
+4d   click an https://shop.example/?chu-de=qua-tang
+5d   show an tags
+5d   show huy tags
+10d  show binh tags
+12d  show lima tags
+13d  event an order order=a1 total=300000
+24d  event berlin Form_Submitted form_id=tu-van
+25d  click berlin https://shop.example/?chu-de=gia-tot
until +90d
